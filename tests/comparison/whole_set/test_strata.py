"""Strata of estimates: by the textbook formula, pooled values, and how often intervals cover."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.special import stdtrit

import mmbench
from mmbench.cli import main
from mmbench.cli.output.run_summary import run_result
from mmbench.comparison.whole_set.estimates import estimates
from mmbench.comparison.whole_set.strata import Strata, stratum_controls
from mmbench.errors import UserError
from mmbench.reports.command import repeat_command
from mmbench.stats.survey import Control, DrawnRows, WholeValue, estimate_whole
from mmbench.storage.records import StoredRun, arrow_rows, read_rows
from tests.comparison.whole_set.test_estimates import (
    CANDIDATE,
    DRAWN,
    ROWS,
    baseline_run,
    part_run,
)
from tests.comparison.whole_set.test_estimates import N as POPULATION
from tests.comparison.whole_set.test_estimator import ROWS as QUESTIONS
from tests.comparison.whole_set.test_estimator import Counts

N = 600
RANGE = (0.0, 1.0)


def population(chances: tuple[float, ...], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return 0/1 values, and strata of equal sizes with these means."""
    rng = np.random.default_rng(seed)
    stratum = rng.permutation(np.arange(N) % len(chances))
    return (rng.random(N) < np.array(chances)[stratum]).astype(float), stratum


def sizes_of(stratum: np.ndarray) -> dict[str, int]:
    values, counts = np.unique(stratum, return_counts=True)
    return dict(zip(map(str, values), counts.tolist(), strict=True))


def controls(stratum: np.ndarray, rows: np.ndarray, most: int = 99) -> list[Control]:
    drawn = [str(one) for one in stratum[rows]]
    return stratum_controls("kind", drawn, sizes_of(stratum), np.arange(len(rows)), most).controls


def estimate(y: np.ndarray, rows: np.ndarray, by: list[Control]) -> WholeValue:
    drawn = DrawnRows("mean", y[rows][:, None], np.arange(len(rows)))
    found = estimate_whole(drawn, len(rows) / N, controls=by, ends=RANGE)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(5))
def test_strata_alone_give_the_post_stratified_mean(seed: int) -> None:
    y, stratum = population((0.2, 0.5, 0.9), seed)
    rows = np.random.default_rng(seed).permutation(N)[:90]
    found = estimate(y, rows, controls(stratum, rows))
    means = [y[rows][stratum[rows] == one].mean() for one in range(3)]
    shares = np.bincount(stratum) / N
    assert found.value == pytest.approx(shares @ means)
    assert found.plain > 90


def test_a_balanced_part_has_the_variance_of_its_strata() -> None:
    y, stratum = population((0.2, 0.5, 0.9))
    rows = np.concatenate([np.flatnonzero(stratum == one)[:30] for one in range(3)])
    found = estimate(y, rows, controls(stratum, rows))
    drawn = y[rows].reshape(3, 30)
    # Residuals without the own sample; one more sample is wrong by the range of the metric.
    squares = 1 + ((drawn - drawn.mean(axis=1, keepdims=True)) ** 2).sum() * (30 / 29) ** 2
    reach = stdtrit(90 - 1 - 2, 0.975) * np.sqrt((1 - 90 / N) * squares * 89 / 90**3)
    assert found.value == pytest.approx(drawn.mean())
    assert found.high - found.value == pytest.approx(reach)


def test_groups_with_several_values_are_calibrated_too() -> None:
    """If the values of a group are the sum of its strata's, the estimate is exact."""
    rng = np.random.default_rng(3)
    stratum = rng.permutation(np.arange(400) % 4)
    y, groups = np.array([0.1, 0.4, 0.7, 1.0])[stratum], np.arange(400) // 4
    rows = np.flatnonzero(groups < 40)
    by = stratum_controls(
        "kind", [str(one) for one in stratum[rows]], sizes_of(stratum), groups[rows], 9
    ).controls
    found = estimate_whole(DrawnRows("mean", y[rows][:, None], groups[rows]), 0.4, controls=by)
    assert found is not None
    assert found.value == pytest.approx(y.mean())


def test_the_same_strata_twice_change_nothing() -> None:
    y, stratum = population((0.2, 0.5, 0.9))
    rows = np.arange(60)
    once = controls(stratum, rows)
    assert estimate(y, rows, [*once, *once])[:4] == pytest.approx(estimate(y, rows, once)[:4])


def shares(by: list[Control]) -> list[float]:
    return [one.whole for one in by]


def test_values_in_few_drawn_groups_are_one_stratum() -> None:
    drawn = ["a"] * 30 + ["b"] * 20 + ["c"] * 7 + ["d"] * 6
    sizes = {"a": 100, "b": 100, "c": 50, "d": 40, "never drawn": 10}
    found = stratum_controls("kind", drawn, sizes, np.arange(63), 99)
    assert shares(found.controls) == pytest.approx([1 / 3, 1 / 3])  # c, d and e; b; a is left
    assert found.note == "3 values of kind in one stratum: c, d, never drawn"


def test_a_pool_that_is_too_small_takes_the_next_value() -> None:
    drawn = ["a"] * 30 + ["b"] * 12 + ["c"] * 3
    found = stratum_controls("kind", drawn, {"a": 60, "b": 30, "c": 10}, np.arange(45), 99)
    assert shares(found.controls) == pytest.approx([0.4])
    assert found.note == "2 values of kind in one stratum: b, c"


def test_groups_count_and_not_samples() -> None:
    drawn, sizes = ["a", "b"] * 30, {"a": 50, "b": 50}
    assert stratum_controls("kind", drawn, sizes, np.arange(60) // 30, 9).controls == []
    assert len(stratum_controls("kind", drawn, sizes, np.arange(60) // 2, 9).controls) == 1


def test_the_number_of_strata_has_a_limit() -> None:
    drawn = [value for value in "abcdef" for _ in range(20)]
    found = stratum_controls("kind", drawn, dict.fromkeys("abcdef", 30), np.arange(120), 3)
    assert shares(found.controls) == pytest.approx([4 / 6, 1 / 6])


def test_a_tag_without_large_values_makes_no_strata() -> None:
    drawn = [f"v{i}" for i in range(50)]
    sizes = {f"v{i}": 1 for i in range(100)}
    found = stratum_controls("kind", drawn, sizes, np.arange(50), 5)
    assert len(found.controls) == 0
    assert found.note == "no strata by kind: its values are in too few drawn groups"


MATTER, EQUAL = (0.2, 0.5, 0.9), (0.5, 0.5, 0.5)


def coverage(
    chances: tuple[float, ...], share: int, repeats: int, *, with_baseline: bool
) -> tuple[float, float]:
    """Return the coverage of intervals, and the samples that plain sampling needs per sample."""
    y, stratum = population(chances)
    changed = np.random.default_rng(5).random(N) < 0.15
    x, rng = np.where(changed, 1 - y, y), np.random.default_rng(2)
    covered, plain = 0, 0.0
    for _ in range(repeats):
        rows = np.sort(rng.permutation(N)[: N // share])
        by = controls(stratum, rows)
        if with_baseline:
            values = DrawnRows("mean", x[rows][:, None], np.arange(len(rows)))
            by = [Control(values, float(x.mean())), *by]
        found = estimate(y, rows, by)
        covered += found.low <= y.mean() <= found.high
        plain += found.plain / len(rows)
    return covered / repeats, plain / repeats


def narrowest(repeats: int) -> float:
    """Return a coverage of 95 % minus three standard errors."""
    return float(0.95 - 3 * np.sqrt(0.95 * 0.05 / repeats))


@pytest.mark.parametrize("share", [4, 10])
def test_intervals_cover_the_value_of_the_whole_set(share: int) -> None:
    covered, plain = coverage(MATTER, share, 200, with_baseline=False)
    assert covered >= narrowest(200)
    assert plain > 1.25


@pytest.mark.slow
@pytest.mark.parametrize("with_baseline", [False, True])
@pytest.mark.parametrize("share", [4, 10, 20])
def test_intervals_cover_whether_strata_matter_or_not(share: int, *, with_baseline: bool) -> None:
    repeats = 2000
    for chances in (MATTER, EQUAL):
        covered, plain = coverage(chances, share, repeats, with_baseline=with_baseline)
        print(f"{chances} 1/{share} baseline={with_baseline}: {covered:.3f}, {plain:.2f} times")
        assert covered >= narrowest(repeats)
        helps = with_baseline or chances == MATTER
        assert plain > 1.2 if helps else plain < 1.05


Tags = Sequence[Mapping[str, str]]
WHOLE_TAGS: list[dict[str, str]] = [
    {"kind": "ab"[i < 120]} if i < 180 else {} for i in range(POPULATION)
]


def tagged_run(out: Path, values: Any = None, tags: Tags = WHOLE_TAGS) -> StoredRun:
    """Return a run on a part of the samples, which have these tags."""
    run = part_run(out, values)
    rows = read_rows(run, ["direction", "split", "id", "group", "exact_match"])
    columns = {one: rows[one].to_pylist() for one in rows.column_names}
    columns["tags"] = [json.dumps(tags[row]) for row in ROWS]
    return run._replace(rows=arrow_rows(columns))


def naive(values: Sequence[float], kinds: Sequence[str], shares: dict[str, float]) -> float:
    own = {
        kind: [v for v, one in zip(values, kinds, strict=True) if one == kind] for kind in shares
    }
    return sum(share * float(np.mean(own[kind])) for kind, share in shares.items())


def test_stored_rows_are_calibrated_to_the_tags_of_all_samples(tmp_path: Path) -> None:
    run, strata = tagged_run(tmp_path), Strata(("kind",), WHOLE_TAGS)
    found = estimates(run, None, strata)["exact_match"]
    # Of 40 drawn samples, fewer than 10 have no tag; they join the samples with the tag a.
    kinds = ["b" if WHOLE_TAGS[row].get("kind") == "b" else "other" for row in ROWS]
    own = [CANDIDATE[row] for row in ROWS]
    assert found.value == pytest.approx(naive(own, kinds, {"b": 0.6, "other": 0.4}))
    assert (found.strata, found.baseline) == (["kind"], "")
    assert found.reason == "2 values of kind in one stratum: (none), a"
    both = estimates(run, baseline_run(tmp_path), strata)["exact_match"]
    assert (both.strata, both.baseline) == (["kind"], "base")


def test_a_mean_over_the_values_of_a_tag_uses_the_samples_that_have_it(tmp_path: Path) -> None:
    """The shares of its strata are those of the samples with this tag, not those of all samples."""
    tags = [one | {"half": "xy"[(i < 60) ^ (CANDIDATE[i] > 0)]} for i, one in enumerate(WHOLE_TAGS)]
    run = tagged_run(tmp_path, tags=tags)
    rows = [(CANDIDATE[r], tags[r]["kind"] == "b", tags[r]["half"] == "x") for r in ROWS if r < 180]
    y, kind, half = np.array(rows, float).T
    value = float(np.mean([y[kind == one].mean() for one in (0, 1)]))
    whole = float(np.mean([one["half"] == "x" for one in tags[:180]]))
    score = replace(run.record.scores["exact_match"], fold="split-mean:mean", value=value)
    record = replace(run.record, scores={"exact_match{macro:kind}": score})
    found = estimates(run._replace(record=record), None, Strata(("half",), tags))
    groups = np.arange(len(y))
    expected = estimate_whole(
        DrawnRows("split-mean:mean", np.column_stack([y, kind]), groups),
        DRAWN / POPULATION,
        controls=[Control(DrawnRows("mean", half[:, None], groups), whole)],
        ends=RANGE,
    )
    assert expected is not None
    assert expected.value != pytest.approx(value, abs=1e-3)
    assert found["exact_match{macro:kind}"].value == pytest.approx(expected.value)


def test_failed_samples_are_noted_with_the_strata(tmp_path: Path) -> None:
    values = [None, *(CANDIDATE[row] for row in ROWS[1:])]
    found = estimates(tagged_run(tmp_path, values), None, Strata(("kind",), WHOLE_TAGS))
    assert found["exact_match"].reason.startswith("1 failed sample left out; 2 values of kind in")


TASK_FILE = """
include: answers
name: tagged
data:
  source: rows
  columns: {question: question}
  target: answer
  tags: {kind: kind}
fields: {question: question}
metrics: [exact_match]
"""


def test_a_run_has_strata_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "tagged.yaml").write_text(TASK_FILE)
    rows = [row | {"kind": "easy" if i % 3 else "hard"} for i, row in enumerate(QUESTIONS)]
    data = tmp_path / "questions.jsonl"
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    flags = {"data": data, "tasks": [str(tmp_path / "tasks")], "out": tmp_path / "board"}
    model = Counts(2)
    with pytest.raises(UserError, match="unknown tag in --strata 'knd': did you mean kind"):
        mmbench.evaluate(model, "tagged", budget=45, strata="knd", **flags)
    assert model.asked == []
    record = mmbench.evaluate(model, "tagged", budget=45, strata="kind", **flags).record
    found = record.estimates["exact_match"]
    assert found.strata == ["kind"]
    right = {n: float(n % 3 == (n % 3 if n % 2 else 0)) for n in model.asked}
    easy, hard = ([v for n, v in right.items() if bool(n % 3) is one] for one in (True, False))
    assert found.value == pytest.approx(np.mean(easy) * 2 / 3 + np.mean(hard) / 3)
    lines = run_result(record, "board", 80)
    assert max(map(len, lines[1:])) <= 80
    assert "    plain: the samples that an estimate without strata would need" in lines
    assert "    strata: kind" in lines
    assert "--budget 45 --strata kind" in repeat_command(record).text
    with pytest.raises(UserError, match="`strata` are for runs on a part of the samples"):
        mmbench.evaluate(model, "tagged", strata="kind", **flags)
    assert main(["run", "-m", "oracle", "-t", "answers", "--strata", "kind"]) == 2
    assert "--strata is for estimates from a part" in capsys.readouterr().err
