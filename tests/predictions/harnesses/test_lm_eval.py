"""Samples of lm-eval and lmms-eval, in files that follow their writers."""

from mmbench.predictions.harnesses import read_harness
from tests.predictions.harnesses.writers import lmms_eval
from tests.support.files import write_file

QUESTION = {"question": "Is there a dog?", "image_source": "COCO_1"}


def pope(row, answer, filtered=None, target="yes"):
    score = {"question_id": row, "score": 1.0 if answer == target else 0.0, "prediction": answer}
    return {
        "doc_id": row,
        "doc": {"id": row, **QUESTION},
        "target": target,
        "arguments": [f"{QUESTION['question']}\nAnswer yes or no.", {"max_new_tokens": 8}],
        "resps": [[answer]],
        "filtered_resps": [answer if filtered is None else filtered],
        "pope_accuracy": score,
        "input_media": ["COCO_1.jpg"],
    }


def test_lmms_eval(tmp_path):
    path = tmp_path / "20260806_101112_samples_pope.jsonl"
    lmms_eval(path, [pope(0, "yes"), pope(1, "No, there is none.", "no")])
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
