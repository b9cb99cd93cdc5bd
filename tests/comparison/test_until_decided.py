"""Runs that stop when the verdict of a gate is known: when, with what record, and refusals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench import register
from mmbench.cli import main
from mmbench.comparison.until_decided import DecidedRun, SequentialRules, run_until_decided
from mmbench.comparison.until_decided.rules import bounded_rules
from mmbench.comparison.until_decided.run import steps
from mmbench.data.readers.memory.rows import memory_rows
from mmbench.engine.loading.models.live import live_model
from mmbench.engine.options import RunSettings
from mmbench.errors import SampleError, UserError
from mmbench.storage.run_lookup import find_run
from mmbench.types import GeneratedText
from tests.support.boards import record, score_info
from tests.support.command_line import refusal

N = 200
ROWS = [{"id": f"q{i}", "question": f"what {i}?", "answer": "yes"} for i in range(N)]
EASY = np.random.default_rng(0).random(N)


class Knows:
    """Answers the questions below a difficulty, fails for some, and may be killed."""

    modalities = frozenset({"text"})

    def __init__(self, accuracy: float, *, fails: float = 0.0, killed_after: int = 10 * N) -> None:
        self.accuracy, self.fails, self.killed_after = accuracy, fails, killed_after
        self.identity = f"knows-{accuracy}-{fails}"
        self.asked: list[int] = []

    def write(self, conversations: Sequence[Any], _options: object) -> list[GeneratedText]:
        if len(self.asked) >= self.killed_after:
            raise KeyboardInterrupt
        numbers = [int(turns[-1].parts[-1].split()[1].rstrip("?")) for turns in conversations]
        self.asked += numbers
        if any(EASY[n] < self.fails for n in numbers):
            raise SampleError("cannot be read")
        texts = ["yes" if EASY[n] < self.accuracy else "no" for n in numbers]
        return [GeneratedText(text, "stop", 1) for text in texts]


slow = pytest.mark.slow


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a board with a baseline that is right in 60 of 100 cases."""
    out = tmp_path_factory.mktemp("board")
    mmbench.evaluate(Knows(0.6), "answers", data=ROWS, out=out, name="base")
    return out


def decide(model: Knows, board: Path, *rules: str, **settings: Any) -> DecidedRun:
    options = RunSettings(data=memory_rows(settings.pop("rows", ROWS)), **settings)
    wanted = SequentialRules("base", rules, board)
    return run_until_decided(live_model(model, None), "answers", wanted, options)


def test_a_regression_is_found_early(board: Path) -> None:
    model = Knows(0.2)
    found = decide(model, board, "exact_match: 0.01")
    (verdict,) = found.verdicts
    assert verdict.outcome == "fail"
    assert len(model.asked) == len(set(model.asked)) < N / 4
    assert verdict.message == f"decided after {len(model.asked)} of {N} samples"
    assert verdict.low is not None and verdict.high is not None
    assert 0 < verdict.low < 0.4 < verdict.high + 0.05
    run = found.finished.record
    assert run.task.part is not None
    assert run.task.part.samples == len(model.asked) == run.counts["samples"]
    assert run.task.part.stopped.startswith("fail: exact_match, allowed 0.01, against ")
    assert (run.counts["computed"], run.counts["cached"]) == (len(model.asked), 0)
    expected = np.mean([EASY[n] < 0.2 for n in model.asked])
    assert run.scores["exact_match"].value == pytest.approx(expected)


def test_equal_models_pass_early_within_a_margin(board: Path) -> None:
    model = Knows(0.59)
    found = decide(model, board, "exact_match: 0.15")
    assert [one.outcome for one in found.verdicts] == ["pass"]
    assert len(model.asked) < N / 2


def test_without_a_decision_the_run_is_on_all_samples(board: Path) -> None:
    model = Knows(0.58)
    found = decide(model, board, "exact_match: 0.02")
    assert found.verdicts == []
    assert len(model.asked) == len(set(model.asked)) == N
    run = found.finished.record
    whole = mmbench.evaluate(Knows(0.58), "answers", data=ROWS).record
    assert run.task == whole.task
    assert run.task.part is None
    assert run.scores == whole.scores


def test_a_killed_run_stops_at_the_same_sample(board: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        decide(Knows(0.4, killed_after=16), board, "exact_match: 0.01")
    resumed = Knows(0.4)
    second = decide(resumed, board, "exact_match: 0.01")
    again = Knows(0.4)
    third = decide(again, board, "exact_match: 0.01")
    assert again.asked == []
    assert 0 < len(resumed.asked) < second.finished.record.counts["samples"]
    assert second.finished.record.scores == third.finished.record.scores
    assert second.finished.record.task == third.finished.record.task
    assert second.verdicts == third.verdicts


@slow
def test_another_seed_draws_other_samples(board: Path) -> None:
    first, second = Knows(0.25), Knows(0.25)
    decide(first, board, "exact_match: 0.01")
    decide(second, board, "exact_match: 0.01", seed=1)
    assert set(second.asked) - set(first.asked)


@slow
def test_failed_samples_prevent_a_pass(board: Path) -> None:
    model = Knows(0.6, fails=0.3)
    found = decide(model, board, "exact_match: 0.15", batch_size=1)
    assert found.verdicts == []
    counts = found.finished.record.counts
    assert (counts["computed"], counts["cached"]) == (N - counts["failed"], 0)


def test_a_model_whose_outputs_are_not_kept_is_refused(board: Path) -> None:
    model = Knows(0.2)
    del model.identity
    with pytest.raises(UserError, match="--until-decided: the outputs of Knows are not cached"):
        decide(model, board, "exact_match: 0.01")
    assert model.asked == []


@slow
def test_all_rules_must_pass_and_one_that_fails_is_enough(board: Path) -> None:
    found = decide(Knows(0.2), board, "exact_match: 0.01", "relaxed_accuracy: 0.99")
    outcomes = {one.metric: one.outcome for one in found.verdicts}
    assert outcomes["exact_match"] == "fail"


def test_looks_are_at_most_fifty_and_none_is_at_the_end() -> None:
    for groups in (30, 40, 150, 200, 5000, 20_001):
        pairs = list(steps(groups))
        assert len(pairs) <= 50
        assert all(end < groups for _, end in pairs)
        assert [start for start, _ in pairs[1:]] == [end for _, end in pairs[:-1]]
    assert next(steps(5000)) == (0, 100)


def test_a_set_with_few_groups_is_not_decided_early(tmp_path: Path) -> None:
    rows = ROWS[:6]  # the loss of all but one: the permutation test of six groups has p = 0.0625
    mmbench.evaluate(Knows(1.0), "answers", data=rows, out=tmp_path, name="base")
    found = decide(Knows(0.1), tmp_path, "exact_match: 0", rows=rows)
    assert found.verdicts == []
    assert not list(steps(29))


def test_a_baseline_on_other_data_is_refused_before_the_model_runs(board: Path) -> None:
    model = Knows(0.2)
    with pytest.raises(UserError, match=r"--baseline .*: (its data differ|it has predictions)"):
        decide(model, board, "exact_match: 0.01", rows=[{**ROWS[0], "id": "x"}, *ROWS[1:]])
    assert model.asked == []


@pytest.mark.parametrize("setting", [{"fresh": True}, {"budget": 20}, {"limit": 20}])
def test_flags_that_contradict_are_refused(board: Path, setting: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="cannot be combined with --fresh, --budget or --limit"):
        decide(Knows(0.2), board, "exact_match: 0.01", **setting)


@pytest.mark.parametrize(
    ("score", "changes", "reason"),
    [
        ("wer[basic]", {"fold": "ratio"}, "it is not a mean over samples; exact_match can"),
        ("mean_rank", {}, "its rows have no lowest and highest value; exact_match can"),
        ("unheard_of", {}, "its rows have no lowest and highest value"),
    ],
)
def test_scores_that_need_the_whole_set_are_refused(
    tmp_path: Path, score: str, changes: dict[str, Any], reason: str
) -> None:
    rows = [[1.0, 2.0], [0.0, 2.0]] if changes.get("fold") == "ratio" else [1.0, 0.0]
    scores = {score: score_info(rows, **changes), "exact_match": score_info([1.0, 0.0])}
    baseline = find_run(record(scores=scores), tmp_path)
    with pytest.raises(UserError, match=reason):
        bounded_rules(baseline, [f"{score}: 0.1"])
    assert bounded_rules(baseline, ["exact_match: 10%"])[0].margin == pytest.approx(0.05)


def test_the_command_prints_the_verdict_and_exits_with_it(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], own_plugins: None
) -> None:
    @register("model", "knows-little")
    class Little(Knows):
        identity = "little"

        def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
            super().__init__(0.2)

    data = tmp_path / "rows.json"
    data.write_text(json.dumps(ROWS))
    shared = ["-t", "answers", "--data", str(data), "--out", str(tmp_path / "b"), "--quiet"]
    assert main(["run", "-m", "constant", *shared]) == 0
    rule = ["--until-decided", "--baseline", "constant", "--fail-if", "exact_match: 0.01"]
    latest = [*rule[:2], "latest", *rule[3:]]  # found before the new run is on the board
    assert main(["run", "-m", "empty", *shared, *latest]) == 1
    capsys.readouterr()
    assert main(["run", "-m", "knows-little", *shared, *rule]) == 1
    text = capsys.readouterr().out
    assert "exact_match: fail" in text
    assert "samples were enough" in text
    assert main(["run", "-m", "constant", *shared, *rule[:-1], "exact_match: 0.1"]) == 0
    assert "all samples were needed" in capsys.readouterr().out


def test_incomplete_flags_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "-m", "constant", "-t", "answers"]
    assert "--until-decided: give the run" in refusal(capsys, *command, "--until-decided")
    assert "--fail-if: add --until-decided" in refusal(capsys, *command, "--fail-if", "em: 1%")
