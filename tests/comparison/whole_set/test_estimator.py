"""`run --budget --baseline`: from the forward passes to the estimates in the record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.cli import main
from mmbench.cli.output.run_summary import run_result
from mmbench.errors import UserError
from mmbench.storage.records import read_records
from mmbench.types import GeneratedText

ROWS = [{"id": f"q{i}", "question": f"what {i}?", "answer": str(i % 3)} for i in range(120)]


class Counts:
    """Answers the number of the question modulo 3, but 0 for every `wrong`-th question."""

    modalities = frozenset({"text"})
    dies_after = 10**9  # answers until the process is interrupted

    def __init__(self, wrong: int) -> None:
        self.wrong, self.identity = wrong, f"counts wrong={wrong}"
        self.asked: list[int] = []

    def write(self, conversations: Sequence[Any], _options: object) -> list[GeneratedText]:
        if len(self.asked) >= self.dies_after:
            raise KeyboardInterrupt
        numbers = [int(turns[-1].parts[-1][5:-1]) for turns in conversations]
        self.asked += numbers
        return [GeneratedText(str(n % 3 if n % self.wrong else 0), "stop", 1) for n in numbers]


def evaluate(model: Any, out: Path, **flags: Any) -> Any:
    return mmbench.evaluate(model, "answers", data=ROWS, out=out, batch_size=8, **flags)


def test_the_record_has_estimates_of_all_scores(tmp_path: Path) -> None:
    whole = evaluate(Counts(4), tmp_path, name="before").record
    model = Counts(5)
    result = evaluate(model, tmp_path, name="after", budget=40, baseline=whole.run)
    record, truth = result.record, evaluate(Counts(5), tmp_path, name="after").record
    assert len(model.asked) == 40
    assert record.estimates.keys() == record.scores.keys()
    for name, one in record.estimates.items():
        value = truth.scores[name].value
        assert one.low <= value <= one.high
        assert one.baseline == whole.run
        assert one.plain >= 40
    assert "exact_match on all samples: about" in repr(result)
    lines = run_result(record, "board", 80)
    assert max(map(len, lines[1:])) <= 80
    at = lines.index("  estimates for all 120 samples:")
    assert lines[at + 1].split() == ["score", "estimate", "95", "%", "plain"]
    assert f"    baseline: {whole.run}" in lines
    (stored,) = [one for one in read_records(tmp_path, "answers") if one.task.part]
    assert stored.estimates == record.estimates


def test_an_interrupted_run_continues_with_the_same_part(tmp_path: Path) -> None:
    model = Counts(6)
    model.dies_after = 16
    with pytest.raises(KeyboardInterrupt):
        evaluate(model, tmp_path, budget=40)
    model.dies_after = 10**9
    record = evaluate(model, tmp_path, budget=40).record
    assert len(model.asked) == len(set(model.asked)) == 40
    assert record.counts["cached"] == 16
    other = evaluate(Counts(7), tmp_path, budget=40).record
    assert other.task.data_hash == record.task.data_hash


def test_a_baseline_that_does_not_fit_is_refused_before_the_forward_passes(
    tmp_path: Path,
) -> None:
    part = evaluate(Counts(8), tmp_path, budget=40).record
    other = mmbench.evaluate(Counts(8), "answers", data=ROWS[:100], out=tmp_path).record
    for run, fault in ((part, "itself on a part"), (other, "the run has other data")):
        model = Counts(9)
        with pytest.raises(UserError, match=f"--baseline {run.run}: .*{fault}"):
            evaluate(model, tmp_path, budget=30, baseline=run.run)
        assert model.asked == []


def test_a_baseline_needs_a_budget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="`baseline` is for runs on a part"):
        evaluate(Counts(8), tmp_path, baseline="latest")
    assert main(["run", "-m", "oracle", "-t", "answers", "--baseline", "latest"]) == 2
    assert "--baseline is for runs on a part of the samples" in capsys.readouterr().err
