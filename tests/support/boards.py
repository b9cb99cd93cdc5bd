"""Records, and boards of runs made of values by sample."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmbench import stats
from mmbench.storage import records as store
from mmbench.types import ModelInfo, RunRecord, ScoreInfo, TaskInfo

Values = Sequence[float | None]  # None: the sample failed

ROWS = {"id": ["a"], "recall@1": [[1.0]]}
TASK = TaskInfo("t", 1, "exact_match", "f" * 8, "d" * 8, {}, {"sample": 10})


def model_info(name: str = "m", **changes: Any) -> ModelInfo:
    """Return a model without a checkpoint, with these fields changed."""
    base = {"checkpoint": None, "revision": None, "hash": name, "adapter": "adapter"}
    return ModelInfo(name, **(base | {"options": {}, "dtype": "float32"} | changes))


def task_info(**changes: Any) -> TaskInfo:
    """Return a retrieval task, with these fields changed."""
    base = {"fingerprint": "f" * 8, "data_hash": "d" * 8, "protocol": {}, "data": {"corpus": 10}}
    return TaskInfo("t", 1, "retrieval", **(base | changes))


def plain_score(
    value: float | None = 0.5, signature: str = "fold=mean", n: int = 10, **changes: Any
) -> ScoreInfo:
    """Return a mean without an interval, with these fields changed."""
    base = {"low": None, "high": None, "n": n, "groups": n, "signature": signature}
    return ScoreInfo(value, **(base | {"better": "higher", "fold": "mean"} | changes))


def record(run: str = "r1", value: float | None = 0.5, **changes: Any) -> RunRecord:
    """Return the record of a run of the model m on a retrieval task, with these fields changed."""
    base: dict[str, Any] = {
        "run": run,
        "created": f"2026-01-01T00:00:00.{len(run):03}+00:00",
        "model": model_info(hash="hash"),
        "task": task_info(),
        "scores": {"recall@1": plain_score(value)},
        "headline": "recall@1",
        "published": [],
        "counts": {"samples": 10, "failed": 0, "requests": 10, "computed": 10, "cached": 0},
        "failures": [],
        "seconds": {},
        "throughput": {},
        "environment": {},
        "seed": 0,
    }
    return RunRecord(**(base | changes))


def score_info(rows: Any, fold: str = "mean", **changes: Any) -> ScoreInfo:
    """Return the score of these rows with its interval."""
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
    base: dict[str, Any] = {
        "scores": scores,
        "headline": next(iter(metrics)),
        "task": TASK,
        "model": model_info(name, hash=run),
    }
    made = record(run, **(base | changes))
    store.write_record(out, made, table)
    return made


def write_record_alone(out: Path, made: RunRecord) -> None:
    """Write a record without its rows, as this repository has most of its runs."""
    stored = store.stored_run(made, out)
    stored.folder.write(stored.name, store.encode(made))


def coins(n: int, chance: float, seed: int = 0) -> list[float]:
    """0/1 values that hang on one another: a larger chance turns 0 into 1 and never back."""
    return [float(v) for v in np.random.default_rng(seed).random(n) < chance]


def bad_files(out: Path, task: str) -> dict[str, str]:
    """Put what is no record, and never will be, into a board; return a part of each reason."""
    folder = out / "runs" / task
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "empty": (b"", "truncated"),
        "latin": (b'{"schema": 1, "run": "\xff"}', "can't decode"),
        "deep": (b'{"schema": 1, "x": ' + b"[" * 100_000, "nested more than 100 deep"),
        "other": (b'{"schema": 1, "run": 5}', "Expected `str`"),
        "newer": (b'{"schema": 99}', "schema 99, but"),
        "hostile": (store.encode(record("../x")), "not a valid file name"),
        "uncounted": (store.encode(record(counts={"samples": 1})), "`counts` lacks 'failed'"),
    }
    for name, (data, _) in contents.items():
        (folder / f"{name}.json").write_bytes(data)
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "gone.json").symlink_to("nowhere")
    others = {"folder": "is a folder", "pipe": "is a pipe", "gone": "no such run record"}
    return {name: reason for name, (_, reason) in contents.items()} | others


def score_values(found: RunRecord) -> dict[str, float | None]:
    """Return the values of the scores by metric."""
    return {name: score.value for name, score in found.scores.items()}


def stored_rows(out: Path, run: str = "*") -> list[dict[str, Any]]:
    """Return the rows of the only run below a folder of this id."""
    from pyarrow import parquet

    (record,) = (out / "runs").rglob(f"{run}.json")
    file = record.with_suffix(".parquet")
    return list(parquet.read_table(file).to_pylist())


def board_rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file of a board."""
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
