"""Outputs that `--fresh` computes again are those of later runs, against a real local server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.boards import stored_rows
from tests.support.command_line import run_record
from tests.support.files import write_lines
from tests.support.servers.chat_completions import Endpoint, serving

QUESTIONS = [{"id": n, "question": "word " * (n + 1), "answer": "word"} for n in range(3)]


def answers(
    capsys: pytest.CaptureFixture[str], endpoint: Endpoint, folder: Path, *more: str
) -> tuple[list[Any], dict[str, Any]]:
    """Run the task; return the answers in the order of the questions, and the record."""
    data = write_lines(folder / "data.jsonl", *QUESTIONS)
    flags = ["-t", "answers", "--data", str(data), "--out", str(folder / "out")]
    command = ["run", "-m", "api@m", "--api-base", endpoint.base, *flags, *more]
    record = run_record(capsys, *command)
    return [json.loads(row["value"]) for row in stored_rows(folder / "out", record["run"])], record


def replies(content: str) -> list[Any]:
    choice = {"message": {"content": content}, "finish_reason": "stop"}
    return [{"choices": [choice]} for _ in QUESTIONS]


@pytest.mark.parametrize("limit", [3, 1])
@pytest.mark.parametrize("size", ["1", "2", "auto"])
def test_a_plain_run_after_a_fresh_one_has_the_new_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: int, size: str
) -> None:
    with serving() as endpoint:
        old, _ = answers(capsys, endpoint, tmp_path, "--batch-size", "2")
        endpoint.script["word"] = replies("changed")
        more = ["--fresh", "--limit", str(limit), "--batch-size", size]
        fresh, _ = answers(capsys, endpoint, tmp_path, *more)
        endpoint.script.clear()
        later, record = answers(capsys, endpoint, tmp_path, "--batch-size", "2")
    assert fresh == ["changed"] * limit
    assert later == fresh + old[limit:]
    assert record["counts"]["computed"] == 0


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_dtype_is_no_part_of_a_model_on_another_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dtype: str
) -> None:
    with serving() as endpoint:
        _, first = answers(capsys, endpoint, tmp_path)
        _, second = answers(capsys, endpoint, tmp_path, "--dtype", dtype)
    assert second["model"]["hash"] == first["model"]["hash"]
    assert (second["model"]["dtype"], second["counts"]["computed"]) == ("remote", 0)
