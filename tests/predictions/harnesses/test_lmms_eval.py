"""Samples of lmms-eval."""

from mmbench.predictions.harnesses import read_harness
from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import OUTPUTS, QUESTIONS, notes, value
from tests.support.files import write_file, write_lines


def lmms(row, question, output, filtered=None, **more):
    return {
        "doc_id": row,
        "doc": {"question": question["question"]},
        "target": question["answer"],
        "arguments": [f"{question['question']}\nAnswer with a single word.", {}],
        "resps": [[output]],
        "filtered_resps": [output if filtered is None else filtered],
        "exact_match": float(output == question["answer"]),
        **more,
    }


def test_rows_are_checked_against_questions_and_references(scored, answers, tmp_path):
    rows = [lmms(n, q, o) for n, (q, o) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))]
    path = writers.lmms_eval(tmp_path / "20260806_101112_samples_vqa.jsonl", rows)
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.75
    assert (
        "results of lmms-eval: the model's outputs (resps) are scored\n"
        "lmms-eval itself reports exact_match 0.7500\n"
        "outputs are matched by row number; 4 of 4 have the question, reference or media of"
        " their sample"
    ) in notes(record)


def test_a_folder_with_the_samples_of_one_task(scored, refused, answers, tmp_path):
    rows = [lmms(n, q, o) for n, (q, o) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))]
    folder = tmp_path / "out"
    writers.lmms_eval(folder / "model/1_samples_vqa.jsonl", rows)
    assert value(scored("answers", folder, answers), "exact_match") == 0.75
    writers.lmms_eval(folder / "model/1_samples_pope.jsonl", rows)
    assert "has 2 files of samples" in refused("answers", folder, answers)


def test_the_raw_output_is_scored_unless_the_filtered_one_is_asked_for(scored, answers, tmp_path):
    rows = [lmms(n, q, f"It is: {q['answer']}", q["answer"]) for n, q in enumerate(QUESTIONS)]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    assert value(scored("answers", path, answers), "exact_match") == 0
    for name in ("filtered_resps", "extracted"):
        record = scored("answers", path, answers, "--field", f"prediction={name}")
        assert value(record, "exact_match") == 1
        assert "the answers that lmms-eval extracted (filtered_resps) are scored" in notes(record)


def test_rows_of_another_order_are_matched_by_content(scored, answers, tmp_path):
    order = [2, 0, 3, 1]
    rows = [lmms(n, QUESTIONS[k], OUTPUTS[k]) for n, k in enumerate(order)]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.75
    assert "matched by question, reference and media; 4 of 4" in notes(record)


def test_a_repeated_question_is_told_apart_by_its_image(scored, answers, tmp_path):
    order = [2, 0, 3, 1]
    media = [[f"/cache/{QUESTIONS[k]['image'].split('/')[1]}"] for k in order]
    rows = [
        lmms(n, QUESTIONS[k], OUTPUTS[k], target="?", input_media=media[n])
        for n, k in enumerate(order)
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.75
    assert "the reference in the file is not that of the data for 4 samples" in notes(record)


def test_ambiguous_outputs_are_listed_and_never_guessed(refused, scored, answers, tmp_path):
    order = [2, 0, 3, 1]
    rows = [lmms(n, QUESTIONS[k], OUTPUTS[k], target="?") for n, k in enumerate(order)]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    message = refused("answers", path, answers)
    assert (
        "by row number, 3 of 4 outputs have the question, reference or media of another" in message
    )
    assert "2 of 4 outputs fit several samples: 0, 1;" in message
    assert "--partial scores the others; --field id=row matches without this check" in message
    record = scored("answers", path, answers, "--partial")
    assert record["counts"]["samples"] == 2
    assert value(record, "exact_match") == 1
    assert "partial: left out 2 outputs that fit no single sample" in notes(record)


def test_equal_outputs_of_equal_samples_may_have_any_order(scored, answers, tmp_path):
    order = [2, 0, 3, 1]
    rows = [
        lmms(n, QUESTIONS[k], ["fox", "2", "fox", "red"][k], target="?")
        for n, k in enumerate(order)
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    assert value(scored("answers", path, answers), "exact_match") == 0.5


def test_ids_in_the_scores(scored, answers, tmp_path):
    order = [2, 0, 3, 1]
    rows = [
        lmms(
            n,
            QUESTIONS[k],
            OUTPUTS[k],
            target="?",
            acc={"question_id": QUESTIONS[k]["id"], "score": 1},
        )
        for n, k in enumerate(order)
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.75
    assert "matched by column question_id; 4 of 4" in notes(record)


def test_the_user_may_insist_on_row_numbers(scored, answers, tmp_path):
    order = [2, 0, 3, 1]
    rows = [lmms(n, QUESTIONS[k], OUTPUTS[n], target="?") for n, k in enumerate(order)]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, answers, "--field", "id=row")
    assert value(record, "exact_match") == 0.75
    assert "row number, which could not be checked" in notes(record)


def test_results_of_other_data_are_refused(refused, answers, tmp_path):
    other = {"question": "Is there a boat?", "answer": "yes"}
    rows = [lmms(n, other, "yes") for n in range(4)]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    message = refused("answers", path, answers)
    assert "4 of 4 outputs fit no sample by question, reference and media: 0, 1, 2, 3" in message
    assert "give --data the samples of this file" in message


def test_repeats_have_to_be_chosen(refused, scored, answers, tmp_path):
    rows = [
        {
            **lmms(n, q, ""),
            "resps": [["no"], [q["answer"]]],
            "filtered_resps": ["no", q["answer"]],
        }
        for n, q in enumerate(QUESTIONS)
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    message = refused("answers", path, answers)
    assert "with the repeats 1, 2; choose one with --field repeat=1" in message
    for repeat, expected in (("1", 0), ("2", 1)):
        record = scored("answers", path, answers, "--field", f"repeat={repeat}")
        assert value(record, "exact_match") == expected
        assert f"results of lmms-eval, repeat {repeat}:" in notes(record)


def test_ten_human_answers_in_the_order_of_the_file(scored, tmp_path):
    data = write_lines(
        tmp_path / "d.jsonl",
        *({"id": f"i{n}", "question": f"Number {n}?", "answers": [f"a{n}", "b"]} for n in range(9)),
    )
    rows = [
        lmms(n, {"question": f"Number {n}?", "answer": [f"a{n}", "b"]}, f"a{n}") for n in range(9)
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, data)
    assert value(record, "exact_match") == 1
    assert "9 of 9 have the question" in notes(record)
    assert "not that of the data" not in notes(record)


def test_fields_that_do_not_fit_the_file(refused, answers, tmp_path):
    plain = write_lines(tmp_path / "x.jsonl", {"id": "q7", "value": "dog"})
    message = refused("answers", plain, answers, "--field", "filter=none")
    assert "is read as a table, without filter; leave --field filter=none out" in message
    rows = [lmms(n, q, o) for n, (q, o) in enumerate(zip(QUESTIONS, OUTPUTS, strict=True))]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    assert "has no filter to choose" in refused("answers", path, answers, "--field", "filter=none")
    message = refused("answers", path, answers, "--field", "id=question_id")
    assert "unknown id column of" in message
    assert "doc_id" in message


POPE = {"question": "Is there a dog?", "image_source": "COCO_1"}


def pope(row, answer, filtered=None, target="yes"):
    score = {"question_id": row, "score": 1.0 if answer == target else 0.0, "prediction": answer}
    return {
        "doc_id": row,
        "doc": {"id": row, **POPE},
        "target": target,
        "arguments": [f"{POPE['question']}\nAnswer yes or no.", {"max_new_tokens": 8}],
        "resps": [[answer]],
        "filtered_resps": [answer if filtered is None else filtered],
        "pope_accuracy": score,
        "input_media": ["COCO_1.jpg"],
    }


def test_lmms_eval(tmp_path):
    path = tmp_path / "20260806_101112_samples_pope.jsonl"
    writers.lmms_eval(path, [pope(0, "yes"), pope(1, "No, there is none.", "no")])
    results = "20260806_101112_results.json"
    scores = {"alias": "pope", "pope_accuracy,none": 0.5, "pope_accuracy_stderr,none": 0.1}
    write_file(tmp_path / results, {"results": {"pope": scores}})

    read = read_harness(path)

    assert (read.harness, read.scores, read.notes) == ("lmms-eval", {"pope_accuracy": 0.5}, [])
    first, second = read.samples
    assert (first.row, first.id, first.raw, first.extracted) == (0, "0", "yes", "yes")
    assert (second.raw, second.extracted) == ("No, there is none.", "no")
    assert second.scores == {"pope_accuracy": 0.0}
    assert (second.reference, second.media) == ("yes", ["COCO_1.jpg"])
    assert second.prompt == "Is there a dog?\nAnswer yes or no."


def test_other_json_lines_are_of_no_harness(tmp_path):
    path = write_file(tmp_path / "samples_x.jsonl", '{"id": "a", "value": "yes"}\n')
    assert read_harness(path) is None
    assert read_harness(tmp_path) is None


def test_row_numbers_are_not_used_if_media_are_those_of_other_samples(scored, tmp_path):
    # All questions are the same, and the file has no references, as predictions of EvalScope.
    data = [
        {**q, "question": "What is it?", "answer": o}
        for q, o in zip(QUESTIONS, "abcd", strict=True)
    ]
    order = [1, 0, 3, 2]
    rows = [
        lmms(n, data[k], data[k]["answer"], target="", input_media=[f"/cache/{data[k]['image']}"])
        for n, k in enumerate(order)
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, write_lines(tmp_path / "d.jsonl", *data))
    assert value(record, "exact_match") == 1
    assert "matched by question, reference and media; 4 of 4" in notes(record)


def test_media_that_a_harness_numbered_do_not_contradict_other_questions(scored, tmp_path):
    data = [
        {**q, "question": f"{q['question']} {n}", "image": f"{n}.jpg"}
        for n, q in enumerate(QUESTIONS)
    ]
    media = [["/tmp/1.jpg"], ["/tmp/2.jpg"], ["/tmp/3.jpg"], ["/tmp/4.jpg"]]
    rows = [
        lmms(n, q, o, target="", input_media=media[n])
        for n, (q, o) in enumerate(zip(data, OUTPUTS, strict=True))
    ]
    path = writers.lmms_eval(tmp_path / "s.jsonl", rows)
    record = scored("answers", path, write_lines(tmp_path / "d.jsonl", *data))
    assert value(record, "exact_match") == 0.75
    assert "matched by row number; 4 of 4" in notes(record)
