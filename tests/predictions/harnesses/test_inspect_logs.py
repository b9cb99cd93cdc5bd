"""Logs of inspect_ai."""

import pytest

from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import OUTPUTS, QUESTIONS, notes, value
from tests.support.files import write_lines


def samples(outputs, ids=None, **more):
    return [
        {
            "id": ids[n] if ids else n + 1,
            "input": [writers.chat_message("user", q["question"])],
            "target": q["answer"],
            "output": {**writers.chat_output(output), "completion": output or ""},
            "scores": {"match": {"value": "C" if output == q["answer"] else "I", "answer": output}},
            **more,
        }
        for n, (q, output) in enumerate(zip(QUESTIONS, outputs, strict=True))
    ]


def test_ids_of_the_data(scored, answers, tmp_path):
    ids = [q["id"] for q in QUESTIONS]
    path = writers.inspect_log(tmp_path / "log.json", samples(OUTPUTS, ids)[::-1])
    record = scored("answers", path, answers)
    assert value(record, "exact_match") == 0.75
    assert "matched by column id; 4 of 4" in notes(record)
    assert "inspect_ai itself reports match 0.7500" in notes(record)


def test_ids_that_inspect_numbered_from_1(scored, tmp_path):
    # The ids of the data are row numbers from 0, so that 1, 2, 3 are ids of other samples.
    data = write_lines(tmp_path / "d.jsonl", *({**q, "id": n} for n, q in enumerate(QUESTIONS)))
    path = writers.inspect_log(tmp_path / "log.json", samples(OUTPUTS)[:3])
    record = scored("answers", path, data, "--partial")
    assert value(record, "exact_match") == pytest.approx(2 / 3)
    assert "matched by question, reference and media; 3 of 3" in notes(record)


def test_epochs_errors_attachments_and_nan(scored, refused, answers, tmp_path):
    ids = [q["id"] for q in QUESTIONS]
    first = samples(OUTPUTS, ids)
    first[0]["output"] = writers.chat_output("attachment://f00")
    first[0]["attachments"] = {"f00": "dog"}
    first[0]["scores"]["match"]["value"] = float("nan")
    first[3]["error"] = {"message": "RateLimitError", "traceback": "", "traceback_ansi": ""}
    second = [{**sample, "epoch": 2} for sample in samples(["?"] * 4, ids)]
    path = writers.inspect_log(tmp_path / "log.json", first + second, status="cancelled")
    assert "with the repeats 1, 2; choose one" in refused("answers", path, answers)
    record = scored("answers", path, answers, "--field", "repeat=1", code=3)
    assert record["failures"] == [["q1", "RateLimitError"]]
    assert value(record, "exact_match") == pytest.approx(2 / 3)
    assert "the log has the status cancelled, not success" in notes(record)


def test_other_files_of_inspect(refused, answers, tmp_path):
    archive = tmp_path / "x.eval"
    archive.write_bytes(b"PK\x03\x04")
    message = refused("answers", archive, answers)
    assert f"`inspect log convert {archive} --to json --output-dir DIR`" in message
    path = writers.inspect_log(tmp_path / "header.json", [])
    assert "this log has no samples" in refused("answers", path, answers)


def test_control_characters_in_a_log_are_not_printed(scored, answers, tmp_path, capsys):
    hostile = "\x1b[31mred\u202e\nsecond line"
    ids = [q["id"] for q in QUESTIONS]
    hostile_samples = [
        {**one, "scores": {hostile: {"value": "C"}}} for one in samples(OUTPUTS, ids)
    ]
    path = writers.inspect_log(tmp_path / "log.json", hostile_samples, status=hostile)
    record = scored("answers", path, answers)
    assert not set("\x1b\u202e") & set(notes(record))
    assert any(
        "itself reports \ufffd[31mred\ufffd second line 1.0000" in n for n in record["notes"]
    )


def test_standard_errors_are_no_scores(scored, answers, tmp_path):
    numbers = {"accuracy": 0.75, "stderr": 0.25, "std": 0.5, "var": 0.25}
    metrics = {name: {"name": name, "value": number} for name, number in numbers.items()}
    results = {"total_samples": 4, "scores": [{"name": "match", "metrics": metrics}]}
    ids = [q["id"] for q in QUESTIONS]
    path = writers.inspect_log(tmp_path / "log.json", samples(OUTPUTS, ids), results=results)
    own = notes(scored("answers", path, answers)).splitlines()
    assert "inspect_ai itself reports accuracy 0.7500" in own
