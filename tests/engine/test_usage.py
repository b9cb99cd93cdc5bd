"""Tokens and cost of a run, and what its server says of itself, against a real local server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.cli import main
from mmbench.cli.output.progress import Lines
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Silent
from mmbench.engine.run import run
from tests.support.command_line import run_record
from tests.support.files import write_lines
from tests.support.servers.chat_completions import Endpoint, serving

QUESTIONS = [{"id": n, "question": "word " * (n + 1), "answer": "word"} for n in range(3)]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        yield running


def command(endpoint: Endpoint, folder: Path, count: int, *more: str) -> list[str]:
    data = write_lines(folder / f"{count}.jsonl", *QUESTIONS[:count])
    flags = ["-t", "answers", "--data", str(data), "--out", str(folder / "out")]
    return ["run", "-m", "api@m", "--api-base", endpoint.base, *flags, *more]


def sums(prompt: int, completion: int, reasoning: int = 0, uncounted: int = 0) -> dict[str, int]:
    counts = {"prompt": prompt, "completion": completion, "reasoning": reasoning}
    return {**counts, "uncounted": uncounted}


def test_tokens_and_cost_are_those_of_now_and_of_all(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The server counts the characters of a prompt, 4 for "word" and 5 for each further one, and
    # the words of an answer.
    first = run_record(capsys, *command(endpoint, tmp_path, 2, "--price", "2,30"))
    assert first["tokens"] == {"computed": sums(13, 3), "all": sums(13, 3)}
    assert first["cost"] == {"price": [2.0, 30.0], "computed": 116e-6, "all": 116e-6}
    second = run_record(capsys, *command(endpoint, tmp_path, 3, "--price", "2,30"))
    assert second["tokens"] == {"computed": sums(14, 3), "all": sums(27, 6)}
    assert second["cost"] == {"price": [2.0, 30.0], "computed": 118e-6, "all": 234e-6}
    out = ["--out", str(tmp_path / "out")]
    assert main(["show", "run", second["run"], *out]) == 0
    printed = capsys.readouterr().out
    assert "tokens: 14 prompt, 3 completion; with those from the cache 27 prompt, 6 comp" in printed
    assert "cost: 0.000118; without the cache 0.000234" in printed
    rescored = run_record(capsys, "rescore", second["run"], *out)
    assert (rescored["tokens"], rescored["cost"]) == (second["tokens"], second["cost"])
    without = run_record(capsys, *command(endpoint, tmp_path, 3))
    assert without["cost"] == {}
    assert without["tokens"] == {"computed": sums(0, 0), "all": sums(27, 6)}


def test_a_price_may_be_given_in_python(endpoint: Endpoint, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "ref.jsonl", QUESTIONS[0])
    flags = {"data": data, "model_args": {"base": endpoint.base}}
    record = mmbench.evaluate("api@m", "answers", price=(1, 2), **flags).record
    assert record.cost["all"] == 6e-6  # four letters and a word


def test_reasoning_is_counted_and_a_note_counts_uncounted_prompts(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 6}}
    usage = {"prompt_tokens": 5, "completion_tokens": 9, **details}
    choice = {"message": {"content": "word", "reasoning": "hm"}, "finish_reason": "stop"}
    endpoint.script["word word"] = [{"choices": [choice], "usage": usage}]
    endpoint.usage = False
    record = run_record(capsys, *command(endpoint, tmp_path, 2, "--price", "1,1"))
    assert record["tokens"]["all"] == sums(5, 9, 6, 1)
    assert record["cost"]["all"] == 14e-6
    assert any("leaves out the prompts of 1 answer" in note for note in record["notes"])


def test_the_cost_without_counted_tokens_is_unknown(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.usage = False
    record = run_record(capsys, *command(endpoint, tmp_path, 2, "--price", "1,2"))
    assert record["cost"] == {"price": [1.0, 2.0], "computed": None, "all": None}
    assert [note for note in record["notes"] if "cost" in note] == [
        "the cost is unknown: the server reported no token counts (`usage`)"
    ]
    assert main(["show", "run", record["run"], "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "tokens: not reported by the server\n  cost: unknown\n" in printed
    again = run_record(capsys, *command(endpoint, tmp_path, 2, "--price", "1,2"))
    assert again["cost"] == {"price": [1.0, 2.0], "computed": 0.0, "all": None}
    assert main(["show", "run", again["run"], "--out", str(tmp_path / "out")]) == 0
    assert "cost: 0.000000; without the cache unknown" in capsys.readouterr().out


class CostRecorder(Silent):
    def __init__(self) -> None:
        self.costs: list[float] = []

    def report_cost(self, cost: float) -> None:
        self.costs.append(cost)


def test_the_cost_is_reported_as_answers_arrive(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_lines(tmp_path / "ref.jsonl", *QUESTIONS)
    flags: dict[str, Any] = {"base": endpoint.base, "concurrency": 1}
    settings = RunSettings(data=data, model_options=flags, price=(0.0, 1e6))
    progress = CostRecorder()
    record = run("api@m", "answers", settings, progress).record
    assert progress.costs == sorted(progress.costs)
    assert progress.costs[-1] == record.cost["computed"] == 6
    lines = Lines()
    lines.start("write text", 3, 0)
    lines.report_cost(progress.costs[-1])
    lines.advance(1)
    lines._last = float("-inf")  # its interval is over
    lines.advance(1)
    assert "left, cost 6.00" in capsys.readouterr().err


@pytest.mark.parametrize("price", ["1", "1,x", "-1,2", "nan,1", "inf,1", "1,2,3"])
def test_a_price_that_is_none_is_refused(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str], price: str
) -> None:
    with pytest.raises(SystemExit) as error:
        main(command(endpoint, tmp_path, 1, f"--price={price}"))
    assert error.value.code == 2
    assert "give IN,OUT" in capsys.readouterr().err


def test_what_the_server_says_of_itself_is_recorded(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.facts = {"model": "m-2026", "system_fingerprint": "fp_1"}
    endpoint.version = {"version": "0.10.1"}
    record = run_record(capsys, *command(endpoint, tmp_path, 2))
    facts = {"model": "m-2026", "system_fingerprint": "fp_1", "version": "0.10.1"}
    assert record["environment"]["server"] == facts
    (note,) = (note for note in record["notes"] if "served_as" in note)
    assert note.startswith("the endpoint answered as m-2026, and m was requested")
    again = run_record(capsys, *command(endpoint, tmp_path, 2))  # no server was asked
    assert "server" not in again["environment"]


@pytest.mark.parametrize("version", [None, [], {"version": 3}, "0.1"])
def test_a_server_that_says_nothing_fails_nothing(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Any
) -> None:
    endpoint.version, endpoint.facts = version, {"model": 7, "system_fingerprint": None}
    record = run_record(capsys, *command(endpoint, tmp_path, 1))
    assert "server" not in record["environment"]
    assert not any("served_as" in note for note in record["notes"])
