"""Samples of lm-evaluation-harness."""

import json

import pytest

from mmbench.predictions.harnesses import read_harness
from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import CHOICES, OUTPUTS, QUESTIONS, notes, value
from tests.support.files import write_lines


def lm(row, doc, outputs, filtered, name="none", **more):
    return {
        "doc_id": row,
        "doc": doc,
        "target": doc["answer"],
        "arguments": [(f"Question: {doc['question']}\nAnswer:", {"until": ["\n"]})],
        "resps": [outputs],
        "filtered_resps": [filtered],
        "filter": name,
        "metrics": ["exact_match"],
        "exact_match": float(filtered == doc["answer"]),
        **more,
    }


def test_filters_of_one_output_need_no_choice(scored, refused, answers, tmp_path):
    docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
    rows = [
        lm(n, doc, [output], output if name == "none" else "[invalid]", name)
        for name in ("none", "strict-match")
        for n, (doc, output) in enumerate(zip(docs, OUTPUTS, strict=True))
    ]
    path = writers.lm_eval(tmp_path / "samples_vqa_2026-08-21T10-11-12.123456.jsonl", rows)
    assert value(scored("answers", path, answers), "exact_match") == 0.75
    message = refused("answers", path, answers, "--field", "prediction=filtered_resps")
    assert "with the filters none, strict-match; choose one with --field filter=none" in message
    fields = "prediction=filtered_resps,filter=strict-match"
    record = scored("answers", path, answers, "--field", fields)
    assert value(record, "exact_match") == 0
    assert "results of lm-eval, filter strict-match: the answers that lm-eval" in notes(record)
    message = refused("answers", path, answers, "--field", "filter=strict")
    assert "did you mean strict-match?" in message


def test_aggregates_of_the_file_of_results(scored, answers, tmp_path):
    docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
    rows = [lm(n, d, [o], o) for n, (d, o) in enumerate(zip(docs, OUTPUTS, strict=True))]
    date = "2026-08-21T10-11-12.123456"
    path = writers.lm_eval(tmp_path / f"samples_vqa_{date}.jsonl", rows)
    scores = {"alias": "vqa", "exact_match,none": 0.7512, "exact_match_stderr,none": 0.1}
    (tmp_path / f"results_{date}.json").write_text(json.dumps({"results": {"vqa": scores}}))
    assert "lm-eval itself reports exact_match 0.7512" in notes(scored("answers", path, answers))


def test_ids_in_the_rows_of_the_data_set_come_first(scored, answers, tmp_path):
    # The rows are numbered in another order, and a question was rewritten.
    order = [3, 2, 1, 0]
    docs = [{"id": QUESTIONS[k]["id"], **QUESTIONS[k], "question": "What?"} for k in order]
    rows = [
        lm(n, d, [OUTPUTS[k]], OUTPUTS[k]) for n, (d, k) in enumerate(zip(docs, order, strict=True))
    ]
    path = writers.lm_eval(tmp_path / "samples_x.jsonl", rows)
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.75
    assert "outputs are matched by column id; 4 of 4" in notes(record)


def rated(row, question, likelihoods, target, texts=None):
    texts = question["options"] if texts is None else texts
    return {
        "doc_id": row,
        "doc": {"question": question["question"], "choices": question["options"]},
        "target": target,
        "arguments": [(f"{question['question']}\nAnswer:", f" {text}") for text in texts],
        "resps": [[(number, False)] for number in likelihoods],
        "filtered_resps": [(number, False) for number in likelihoods],
        "filter": "none",
        "metrics": ["acc"],
        "acc": float(likelihoods.index(max(likelihoods)) == target),
    }


def test_the_likeliest_option_is_the_answer(scored, choices, tmp_path):
    rows = [
        rated(0, CHOICES[0], [-9.5, -1.5, -3.0], 1),
        rated(1, CHOICES[1], [-2.5, -1.5], 0),
        rated(2, CHOICES[2], [-2.5, -0.5], 1),
    ]
    path = writers.lm_eval(tmp_path / "samples_mc.jsonl", rows)
    record = scored("choices", path, choices)
    assert value(record, "choice_accuracy") == pytest.approx(2 / 3)
    assert value(record, "choice_unparsed") == 0
    assert (
        "3 answers are the option of highest log-likelihood, not normalised by length\n"
        "lm-eval itself reports acc 0.6667\n"
        "outputs are matched by row number; 3 of 3"
    ) in notes(record)


def test_targets_are_numbers_of_options_also_if_options_are_numbers(scored, tmp_path):
    options = [["1", "0", "2"], ["two", "one", "none"]]
    data = [
        {"id": n, "question": f"How many of {n}?", "options": texts, "answer": "A"}
        for n, texts in enumerate(options)
    ]
    rows = [rated(n, question, [-1.0, -5.0, -5.0], 0) for n, question in enumerate(data)]
    path = writers.lm_eval(tmp_path / "samples_mc.jsonl", rows)
    read = read_harness(path)
    assert [sample.reference for sample in read.samples] == ["1", "two"]
    record = scored("choices", path, write_lines(tmp_path / "d.jsonl", *data))
    assert value(record, "choice_accuracy") == 1
    assert "the reference in the file is not" not in notes(record)
    # The targets of a task may also be texts, all of which are numbers here.
    texts = [rated(n, {**q, "options": options[0]}, [-1.0] * 3, "1") for n, q in enumerate(data)]
    read = read_harness(writers.lm_eval(tmp_path / "samples_texts.jsonl", texts))
    assert [sample.reference for sample in read.samples] == ["1", "1"]


def test_options_in_another_order_are_chosen_by_their_text(scored, choices, tmp_path):
    turned = [{**c, "options": c["options"][::-1]} for c in CHOICES]
    rows = [rated(n, c, [-1.0, *[-5.0] * (len(c["options"]) - 1)], 0) for n, c in enumerate(turned)]
    path = writers.lm_eval(tmp_path / "samples_mc.jsonl", rows)
    # The first of the turned options: a fox, in a car, yours.
    assert value(scored("choices", path, choices), "choice_accuracy") == pytest.approx(1 / 3)


def test_unconditional_likelihoods_are_left_out(scored, choices, tmp_path):
    rows = []
    for n, c in enumerate(CHOICES):
        row = rated(n, c, [-5.0, -1.0, -7.0][: len(c["options"])], 1)
        row["arguments"] += [("", f" {text}") for text in c["options"]]
        row["resps"] += [[(-0.1, False)] for _ in c["options"]]
        row["filtered_resps"] += [(-0.1, False) for _ in c["options"]]
        rows.append(row)
    path = writers.lm_eval(tmp_path / "samples_mc.jsonl", rows)
    assert value(scored("choices", path, choices), "choice_accuracy") == pytest.approx(2 / 3)


def test_the_likelihood_of_one_text_is_no_answer(refused, choices, tmp_path):
    rows = [rated(0, CHOICES[0], [-1.0], 0)]
    path = writers.lm_eval(tmp_path / "samples_ll.jsonl", rows)
    message = refused("choices", path, choices)
    assert "line 1: filtered_resps is the likelihood of one text, not an answer" in message


def test_a_limited_run_needs_partial(refused, scored, answers, tmp_path):
    docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS[:2]]
    rows = [
        lm(n, d, [o], o, exact_match=float("nan"))
        for n, (d, o) in enumerate(zip(docs, OUTPUTS[:2], strict=True))
    ]
    path = writers.lm_eval(tmp_path / "samples_vqa.jsonl", rows)
    assert "2 of 4 samples have no output: q9, q1; --partial" in refused("answers", path, answers)
    record = scored("answers", path, answers, "--partial")
    assert (value(record, "exact_match"), record["counts"]["samples"]) == (1, 2)


def test_a_damaged_line(refused, answers, tmp_path):
    docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
    path = writers.lm_eval(tmp_path / "samples_vqa.jsonl", [lm(0, docs[0], ["x"], "x")])
    path.write_text(path.read_text() + '{"doc_id": 1, "resps"')
    assert "samples_vqa.jsonl: line 2 column 22" in refused("answers", path, answers)
    path.write_text(path.read_text().splitlines()[0] + '\n{"doc_id": "1"}\n')
    assert "line 2: no doc_id, doc_hash or filtered_resps" in refused("answers", path, answers)


def test_scores_of_several_filters_are_reported_by_filter(scored, answers, tmp_path):
    docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
    rows = [
        lm(n, doc, [output], output if name == "flexible" else "[invalid]", name)
        for name in ("strict", "flexible")
        for n, (doc, output) in enumerate(zip(docs, OUTPUTS, strict=True))
    ]
    path = writers.lm_eval(tmp_path / "s.jsonl", rows)
    own = notes(scored("answers", path, answers))
    assert "itself reports exact_match,strict 0.0000, exact_match,flexible 0.7500" in own
    own = notes(scored("answers", path, answers, "--field", "filter=flexible"))
    assert "itself reports exact_match 0.7500" in own


def test_the_majority_of_repeats_needs_no_choice(scored, refused, answers, tmp_path):
    docs = [{"question": q["question"], "answer": q["answer"]} for q in QUESTIONS]
    rows = [
        lm(n, doc, ["no", output, output], output, "maj@3")
        for n, (doc, output) in enumerate(zip(docs, OUTPUTS, strict=True))
    ]
    path = writers.lm_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, answers, "--field", "prediction=extracted")
    assert value(record, "exact_match") == 0.75
    assert "choose one with --field repeat=1" in refused("answers", path, answers)


def test_questions_in_chats_for_endpoints(scored, tmp_path):
    data = [{**q, "question": f"{q['question']} ({q['id']})"} for q in QUESTIONS]
    rows = []
    for n, k in enumerate((3, 2, 1, 0)):  # the rows are numbered in another order
        text = f"{data[k]['question']} Be brief."
        content = [{"type": "image"}, {"type": "text", "text": text}]
        chat = [{"role": "system", "content": "You see images."}]
        chat += [{"role": "user", "content": content}]
        prompt = (json.dumps(chat, ensure_ascii=False),)  # the named tuple JsonChatStr
        doc = {"question": "", "answer": "?"}
        rows.append(lm(n, doc, [OUTPUTS[k]], "", arguments=[(prompt, {"until": ["\n"]})]))
    path = writers.lm_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, write_lines(tmp_path / "d.jsonl", *data))
    assert value(record, "exact_match") == 0.75
    assert "matched by question, reference and media; 4 of 4" in notes(record)
