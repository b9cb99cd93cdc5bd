"""Predictions and reviews of EvalScope."""

from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import OUTPUTS, QUESTIONS, notes, value


def messages(question):
    image = {"type": "image", "image": "data:image/png;base64,AAAA", "detail": "auto"}
    text = {"type": "text", "text": f"{question['question']}\nAnswer briefly."}
    return [
        writers.chat_message("system", "You are helpful."),
        writers.chat_message("user", [text, image]),
    ]


def test_predictions_in_the_order_in_which_they_finished(scored, answers, tmp_path):
    rows = [
        {
            "index": n,
            "messages": messages(q),
            "model_output": writers.chat_output(
                [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": output}]
            ),
        }
        for n, (q, output) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))
    ]
    order = [rows[2], rows[0], rows[3], rows[1]]
    path = writers.evalscope_predictions(tmp_path / "vqa_default.jsonl", order)
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.75
    assert "results of EvalScope: the model's outputs (model_output) are scored" in notes(record)
    assert "matched by row number; 4 of 4" in notes(record)


def test_errors_are_failed_samples(scored, answers, tmp_path):
    outputs = [writers.chat_output(o) for o in OUTPUTS[:3]]
    outputs.append(writers.chat_output("", error="blocked by the content filter"))
    rows = [
        {"index": n, "messages": messages(q), "model_output": o}
        for n, (q, o) in enumerate(zip(QUESTIONS, outputs, strict=True))
    ]
    path = writers.evalscope_predictions(tmp_path / "vqa_default.jsonl", rows)
    record = scored("answers", path, answers, code=3)
    assert record["failures"] == [["q1", "blocked by the content filter"]]


def test_repeats_of_predictions_are_told_by_their_inputs(refused, scored, answers, tmp_path):
    rows = [
        {
            "index": 2 * n + k,
            "messages": messages(q),
            "model_output": writers.chat_output(text),
        }
        for n, q in enumerate(QUESTIONS)
        for k, text in enumerate(("?", q["answer"]))
    ]
    path = writers.evalscope_predictions(tmp_path / "vqa_default.jsonl", rows)
    assert "choose one with --field repeat=1" in refused("answers", path, answers)
    record = scored("answers", path, answers, "--field", "repeat=2")
    assert value(record, "exact_match") == 1


def test_reviews(scored, answers, tmp_path):
    rows = [
        {
            "index": 2 * n + k,
            "group_id": n,
            "generation_index": k,
            "target": q["answer"],
            "messages": messages(q),
            "prediction": f"I say {q['answer']}" if k else "?",
            "extracted": q["answer"],
            "value": {"acc": 1.0},
        }
        for n, q in enumerate(QUESTIONS)
        for k in range(2)
    ]
    path = writers.evalscope_reviews(tmp_path / "vqa_default.jsonl", rows)
    record = scored("answers", path, answers, "--field", "repeat=2,prediction=extracted")
    assert value(record, "exact_match") == 1
    assert "EvalScope itself reports acc 1.0000" in notes(record)
    record = scored("answers", path, answers, "--field", "repeat=2")
    assert value(record, "exact_match") == 0
