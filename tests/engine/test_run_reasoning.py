"""`mmbench run` with models that reason: scores, rows, notes, signatures; and scored again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.cli import main
from mmbench.engine.dispatch import decode_output
from mmbench.engine.options import RunSettings
from mmbench.engine.run import FinishedRun, run
from mmbench.kinds.writing import Writing
from mmbench.reports.sections import sections
from mmbench.storage.records import read_records
from mmbench.types import GeneratedText
from tests.support.boards import stored_rows
from tests.support.command_line import refusal, run_record
from tests.support.files import write_lines
from tests.support.servers.chat_completions import Endpoint, serving

STRIPPED = "reasoning=stripped"
QUESTIONS = [
    {"id": n, "question": f"question {n}?", "answer": answer}
    for n, answer in enumerate(["red", "two", "red", "no"])
]
UNCLOSED = "no, it is red, so the answer is red"  # its words must not be read as the answer


def reply(content: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A server of a model that reasons: apart, by markers, within the limit, not at all."""
    with serving() as running:
        running.script = {
            "question 0": [reply("red", reasoning_content="blue? no, red")],
            "question 1": [reply("<think>one, two</think>two")],
            "question 2": [reply(None, "length", reasoning_content=UNCLOSED)],
            "question 3": [reply("no")],
        }
        yield running


def command(endpoint: Endpoint, data: Path, out: Path, *more: str) -> list[str]:
    flags = ["-t", "answers", "--data", str(data), "--out", str(out)]
    return ["run", "-m", "api@m", "--api-base", endpoint.base, *flags, *more]


def test_a_run_scores_the_answers_and_keeps_the_reasoning(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_lines(tmp_path / "ref.jsonl", *QUESTIONS), tmp_path / "out"
    record = run_record(capsys, *command(endpoint, data, out))
    score = record["scores"]["exact_match"]
    assert (score["value"], record["counts"]["failed"]) == (0.75, 0)
    assert STRIPPED in score["signature"].split(",")
    assert "reasoning removed from 3 outputs, of which 1 had no answer after it" in record["notes"]
    (note,) = (note for note in record["notes"] if "thinking_budget" in note)
    assert note.startswith("1 output reached the token limit within the reasoning")
    assert not any("cut off" in note for note in record["notes"])
    rows = {row["id"]: row for row in stored_rows(out, record["run"])}
    assert [rows[str(n)]["reasoning"] for n in range(4)] == [
        "blue? no, red", "one, two", UNCLOSED, None,
    ]  # fmt: skip
    assert [json.loads(rows[str(n)]["value"]) for n in range(4)] == ["red", "two", "", "no"]
    assert json.loads(rows["2"]["tags"])["no-answer"] == "true"

    assert main(["show", "run", record["run"], "--out", str(out)]) == 0
    assert "thinking_budget" in capsys.readouterr().out
    again = run_record(capsys, *command(endpoint, data, out))  # from the journal
    assert again["counts"]["computed"] == 0
    assert again["scores"] == record["scores"]
    assert again["notes"] == record["notes"]
    scored = run_record(capsys, "rescore", record["run"], "--out", str(out))
    assert scored["scores"] == record["scores"]
    assert stored_rows(out, scored["run"]) == stored_rows(out, record["run"])


def test_the_same_outputs_in_a_file_have_the_same_score_and_rows(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_lines(tmp_path / "ref.jsonl", *QUESTIONS), tmp_path / "out"
    ran = run_record(capsys, *command(endpoint, data, out))
    texts = ["<think>blue? no, red</think>red", "<think>one, two</think>two", f"<think>{UNCLOSED}"]
    outputs = [{"id": n, "value": text} for n, text in enumerate([*texts, "no"])]
    file = write_lines(tmp_path / "outputs.jsonl", *outputs)
    words = ["score", "-t", "answers", "--data", str(data), "--predictions", str(file)]
    scored = run_record(capsys, *words, "--strip-reasoning", "--out", str(out))
    assert scored["scores"] == ran["scores"]
    rows = [stored_rows(out, record["run"]) for record in (scored, ran)]
    for name in ("id", "value", "reasoning"):
        assert [row[name] for row in rows[0]] == [row[name] for row in rows[1]]
    assert main(["compare", scored["run"], ran["run"], "--out", str(out)]) == 0


def test_a_model_with_a_budget_has_the_signature_whatever_it_writes(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_lines(tmp_path / "ref.jsonl", QUESTIONS[3]), tmp_path / "out"
    plain = run_record(capsys, *command(endpoint, data, out))
    assert STRIPPED not in plain["scores"]["exact_match"]["signature"]
    assert "reasoning" not in stored_rows(out, plain["run"])[0]
    endpoint.script["question 3"] = [reply("no")]
    budget = ["--model-arg", "thinking_budget=64"]
    record = run_record(capsys, *command(endpoint, data, out, *budget))
    assert STRIPPED in record["scores"]["exact_match"]["signature"].split(",")
    assert record["model"]["options"]["thinking_budget"] == 64
    assert record["model"]["hash"] != plain["model"]["hash"]
    assert len(endpoint.bodies) == 2


def test_reasoning_that_is_left_in_the_text_is_noted(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_lines(tmp_path / "ref.jsonl", QUESTIONS[1]), tmp_path / "out"
    options = ["--model-arg", "reasoning_end=none"]
    record = run_record(capsys, *command(endpoint, data, out, *options))
    assert record["scores"]["exact_match"]["value"] == 0
    assert STRIPPED not in record["scores"]["exact_match"]["signature"]
    assert any("mmbench score --strip-reasoning" in note for note in record["notes"])


def test_removed_reasoning_compares_with_answers_without_any(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_lines(tmp_path / "ref.jsonl", *QUESTIONS), tmp_path / "out"
    removed = run_record(capsys, *command(endpoint, data, out))
    flags = ["-t", "answers", "--data", str(data), "--out", str(out)]
    constant = run_record(capsys, "run", "-m", "constant", *flags)
    assert main(["compare", constant["run"], removed["run"], "--out", str(out)]) == 0
    file = write_lines(tmp_path / "o.jsonl", *({"id": n, "value": "<think>"} for n in range(4)))
    unsplit = run_record(capsys, "score", *flags, "--predictions", str(file))
    for other in (constant, removed):
        err = refusal(capsys, "compare", other["run"], unsplit["run"], "--out", str(out))
        assert "reasoning=scored" in err
    records = read_records(out)
    assert len(sections(records)) == 2
    assert {record.run for record in sections(records)[1]} == {constant["run"], removed["run"]}


class Plain:
    """A model of a plugin that returns its reasoning within the text."""

    modalities = frozenset({"text"})
    text = "<think>no dog</think>yes"

    def __init__(self, folder: object, **_: object) -> None:
        pass

    def write(self, conversations: list[Any], options: object) -> list[GeneratedText]:
        return [GeneratedText(self.text) for _ in conversations]


class Parted(Plain):
    """A model that returns it apart, and met the limit."""

    text = ""

    def write(self, conversations: list[Any], options: object) -> list[GeneratedText]:
        return [GeneratedText("", "length", reasoning="no dog") for _ in conversations]


def plugin_run(name: str, cls: type, data: Path, task: str = "answers") -> FinishedRun:
    mmbench.register("model", name)(cls)
    return run(name, task, RunSettings(data=data, device="cpu"))


def test_the_text_of_a_plugin_is_split_too(own_plugins: None, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "ref.jsonl", {"id": 1, "question": "A dog?", "answer": "yes"})
    finished = plugin_run("plain", Plain, data)
    assert finished.rows["reasoning"] == ["no dog"]
    assert finished.record.scores["exact_match"].value == 1
    parted = plugin_run("parted", Parted, data)
    assert parted.rows["reasoning"] == ["no dog"]
    assert parted.record.scores["exact_match"].value == 0
    assert any("thinking_budget" in note for note in parted.record.notes)


@pytest.mark.parametrize("label", ["yes", "no"])
def test_no_answer_is_wrong_whatever_is_right(
    own_plugins: None, tmp_path: Path, label: str
) -> None:
    row = {"question_id": 1, "image": "a.jpg", "text": "Is there a dog?", "label": label}
    data = write_lines(tmp_path / "pope.json", row)
    task = tmp_path / "task.yaml"
    task.write_text(
        "{include: pope, name: said, fields: {text: question}, prompt: '{text}', protocol: {}}\n"
    )
    record = plugin_run("parted", Parted, data, str(task)).record
    assert record.scores["pope_accuracy"].value == 0
    assert record.scores["pope_unparsed"].value == 1


def test_where_no_text_is_wrong_the_sample_fails(own_plugins: None, tmp_path: Path) -> None:
    mmbench.register("kind", "strict")(type("Strict", (Writing,), {"no_answer": None}))
    data = write_lines(tmp_path / "ref.jsonl", {"id": 1, "question": "A dog?", "answer": "yes"})
    task = tmp_path / "task.yaml"
    task.write_text("{include: answers, name: strict, kind: strict}\n")
    record = plugin_run("parted", Parted, data, str(task)).record
    assert record.failures == [("1", "no answer after its reasoning")]


def test_texts_in_older_journals_stay_readable() -> None:
    stored = b'{"text":"a cat","finish":"length","tokens":3}'
    assert decode_output(stored, "write") == GeneratedText("a cat", "length", 3)


def test_records_of_a_board_stay_readable(tmp_path: Path, endpoint: Endpoint) -> None:
    data, out = write_lines(tmp_path / "ref.jsonl", *QUESTIONS), tmp_path / "out"
    assert main([*command(endpoint, data, out), "--quiet"]) == 0
    assert [one.counts["samples"] for one in read_records(out)] == [4]
