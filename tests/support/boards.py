"""Runs on disk for compare, gate and history, made of values by sample."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmbench import stats
from mmbench.storage import records as store
from mmbench.types import ModelInfo, RunRecord, ScoreInfo, TaskInfo
from tests.storage.test_records import record

Values = Sequence[float | None]  # None: the sample failed

TASK = TaskInfo("t", 1, "exact_match", "f" * 8, "d" * 8, {}, {"sample": 10})


def score_info(rows: Any, fold: str = "mean", **changes: Any) -> ScoreInfo:
    scored = stats.score(rows, fold_name=fold, better=changes.pop("better", "higher"))
    groups = [[str(i) for i in range(len(scored.rows))]]
    ends = stats.intervals([scored], groups)[0][0] or (None, None)
    n = len(scored.rows)
    fields = (scored.value, *ends, n, n, scored.signature, scored.better, fold)
    return ScoreInfo(*fields, **changes)


def write_run(
    out: Path,
    run: str,
    metrics: Mapping[str, Values],
    *,
    better: str = "higher",
    groups: Sequence[str] = (),
    ids: Sequence[str] = (),
    said: Sequence[str] = (),
    bounds: tuple[float, float] | None = None,
    name: str = "m",
    **changes: Any,
) -> RunRecord:
    """Write a run whose metrics are means of these values."""
    n = len(next(iter(metrics.values())))
    scores = {
        metric: score_info(
            [v for v in values if v is not None],
            better=better,
            failed=sum(v is None for v in values),
            bounds=bounds,
        )
        for metric, values in metrics.items()
    }
    first = next(iter(metrics.values()))
    table: dict[str, Sequence[Any]] = {
        "direction": [""] * n,
        "split": [0] * n,
        "id": list(ids) or [f"s{i:04}" for i in range(n)],
        "group": list(groups) or [""] * n,
        "error": [None if v is not None else "broken" for v in first],
        "value": list(said) or ['"said"'] * n,
        "target": ['"right"'] * n,
        "tags": ["{}"] * n,
        **{m: [None if v is None else [float(v)] for v in vs] for m, vs in metrics.items()},
    }
    base = {
        "scores": scores,
        "headline": next(iter(metrics)),
        "task": TASK,
        "model": ModelInfo(name, None, None, run, "adapter", {}, "float32"),
    }
    made = record(run, **(base | changes))
    store.write_record(out, made, table)
    return made


def coins(n: int, chance: float, seed: int = 0) -> list[float]:
    """0/1 values that hang on one another: a larger chance turns 0 into 1 and never back."""
    return [float(v) for v in np.random.default_rng(seed).random(n) < chance]
