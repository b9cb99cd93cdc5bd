"""`score --strip-reasoning`: what is scored, what the signature says, and what is told without."""

import json
from pathlib import Path

import pytest

import mmbench
from mmbench.cli import main
from mmbench.storage.records import read_records
from mmbench.types import RunRecord
from tests.support.command_line import run_record
from tests.support.files import write_lines

FLAG = "--strip-reasoning"


def score(
    folder: Path, task: str, refs: list[dict[str, object]], *said: str, strip: bool = True
) -> RunRecord:
    rows = [{"id": n, **ref} for n, ref in enumerate(refs)]
    outs = [{"id": n, "value": text} for n, text in enumerate(said)]
    data, file = write_lines(folder / "ref.jsonl", *rows), write_lines(folder / "out.jsonl", *outs)
    return mmbench.score(task, file, data=data, strip_reasoning=strip).record


def test_the_answer_is_scored_and_the_signature_says_so(tmp_path: Path) -> None:
    refs: list[dict[str, object]] = [{"answer": "3"}, {"answer": "red"}]
    said = "<think>one, two, three</think>3", "red"
    plain = score(tmp_path, "answers", refs, *said, strip=False)
    stripped = score(tmp_path, "answers", refs, *said)
    assert plain.scores["exact_match"].value == 0.5
    assert stripped.scores["exact_match"].value == 1.0
    assert "reasoning=stripped" in stripped.scores["exact_match"].signature
    assert "reasoning=stripped" not in plain.scores["exact_match"].signature
    assert "reasoning removed from 1 output" in stripped.notes
    words = "reasoning or its tags (<think>, <answer>) in 1 of 2 answers were scored as part of"
    assert any(note.startswith(words) and FLAG in note for note in plain.notes)
    assert not any(FLAG in note for note in stripped.notes)


def test_a_trace_without_an_end_is_wrong_whatever_is_right(tmp_path: Path) -> None:
    # By POPE's rule a text without "no" is a yes, and an empty one would be right half of the time.
    labels = ["yes", "no", "yes", "no"]
    rows = [
        {"question_id": n, "image": "a.jpg", "text": "Is there a dog?", "label": label}
        for n, label in enumerate(labels)
    ]
    said = ["<think>yes", "<think>no", "<think>Yes.</think>", "<think>a dog?</think>No"]
    data = write_lines(tmp_path / "pope.json", *rows)
    file = tmp_path / "out.json"
    file.write_text(json.dumps({str(n): text for n, text in enumerate(said)}))
    record = mmbench.score("pope", file, data=data, strip_reasoning=True).record
    assert record.scores["pope_accuracy"].value == 0.25  # the last alone has an answer
    assert record.scores["pope_unparsed"].value == 0.75
    assert "reasoning removed from 4 outputs, of which 3 had no answer after it" in record.notes


def test_a_text_without_an_answer_is_an_empty_one(tmp_path: Path) -> None:
    # Three words of the reference are deleted, none is taken from the reasoning: WER 3 / 3.
    refs: list[dict[str, object]] = [{"text": "the cat sat"}]
    record = score(tmp_path, "transcripts", refs, "<think>the cat sat")
    assert record.scores["wer[none]"].value == 1.0


@pytest.mark.parametrize("task", ["labels", "ratings"])
def test_where_no_value_is_wrong_the_sample_fails(tmp_path: Path, task: str) -> None:
    row = {"label": "cat"} if task == "labels" else {"system": "s", "rater": "r", "rating": 4}
    refs: list[dict[str, object]] = [row, row]
    said = "cat" if task == "labels" else "4"
    record = score(tmp_path, task, refs, f"<think>x</think>{said}", f"<think>{said}")
    assert record.failures == [("1", "no answer after its reasoning")]
    assert record.counts["failed"] == 1


def test_a_run_and_a_rescore_tell_of_reasoning(tmp_path: Path) -> None:
    # The oracle says the answers of the data, and these hold markers.
    rows = [{"id": n, "answer": f"<think>x</think>{n}"} for n in (1, 2)]
    data, out = write_lines(tmp_path / "ref.jsonl", *rows), str(tmp_path / "out")
    paths = ["-t", "answers", "--data", str(data), "--out", out]
    assert main(["run", "-m", "oracle", *paths, "--quiet"]) == 0
    (record,) = read_records(out)
    assert sum(FLAG in note for note in record.notes) == 1
    assert main(["rescore", record.run, "--out", out, "--quiet"]) == 0
    again = next(one for one in read_records(out) if one.run != record.run)
    assert sum(FLAG in note for note in again.notes) == 1


def test_the_flag_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_lines(tmp_path / "ref.jsonl", {"id": 1, "answer": "B", "options": ["cat", "dog"]})
    file = write_lines(tmp_path / "out.jsonl", {"id": 1, "value": "◁think▷A?◁/think▷B"})
    paths = ["--data", str(data), "--predictions", str(file), "--out", str(tmp_path / "out")]
    assert main(["score", "-t", "choices", *paths, "--json"]) == 0
    assert FLAG in capsys.readouterr().err
    record = run_record(capsys, "score", "-t", "choices", *paths, FLAG)
    assert record["scores"]["choice_accuracy"]["value"] == 1.0
