"""Conversion of scores, samples and points to data frames of pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.comparison.samples.output_text import (
    output_text,
    pair_names,
    place_text,
    reference_texts,
)
from mmbench.comparison.samples.run_samples import RunSamples, parse_cell
from mmbench.engine.score_names import split_name
from mmbench.errors import MissingExtra
from mmbench.storage.sample_tables import MEDIA, TEXT, SampleTable
from mmbench.types import MediaPlace, RunRecord
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import pandas as pd

_SCORE_COLUMNS = ("value", "low", "high", "n", "groups", "failed", "better", "reason")


def data_frame(columns: Mapping[str, Any], feature: str) -> pd.DataFrame:
    """Return a data frame with these columns, in this order.

    Raises MissingExtra, which names the `feature`, if pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra(feature, "pandas", "mmbench[frames]") from error
    return pd.DataFrame(dict(columns))


def scores_frame(record: RunRecord) -> pd.DataFrame:
    """Return the scores of a run, with one row per score; the index is the name of the score.

    The columns are `value`, `low` and `high` (the 95 % interval), `n`, `groups`, `failed`, `better`
    and `reason`. A value that does not exist is NaN.
    """
    scores = record.scores
    columns: dict[str, Any] = {
        name: [getattr(score, name) for score in scores.values()] for name in _SCORE_COLUMNS
    }
    for name in ("value", "low", "high"):
        columns[name] = np.array(columns[name], np.float64)
    frame = data_frame({"score": list(scores), **columns}, "Result.scores")
    return frame.set_index("score")


def samples_frame(samples: RunSamples, table: SampleTable | None) -> pd.DataFrame:
    """Return the samples of a run, with one row per prediction.

    The columns: `id`; `direction` in a task with several; the inputs by name, texts as they are and
    media by their places; `reference` (unless no sample has one) and `output` as text;
    `reasoning`, if a model wrote some; `error` of a failed sample; `group`; `tag:NAME` for each
    tag; and the value of each metric for the sample, NaN where it was not measured. In retrieval,
    `output` is the best rank of a relevant document.
    """
    rows = samples.rows
    directions = samples.directions()
    columns: dict[str, Any] = {"id": samples.ids()}
    if any(directions):
        columns["direction"] = directions
    columns |= _inputs(samples, table, directions)
    targets = list(map(parse_cell, rows["target"].to_pylist()))
    if rows["target"].null_count < len(rows):
        columns["reference"] = ["; ".join(reference_texts(one, samples.labels)) for one in targets]
    outputs = map(parse_cell, rows["value"].to_pylist())
    columns["output"] = [
        None if output is None else output_text(output, pair_names(target) or samples.labels)
        for output, target in zip(outputs, targets, strict=True)
    ]
    if "reasoning" in rows.column_names:
        columns["reasoning"] = rows["reasoning"].to_pylist()
    columns["error"] = rows["error"].to_pylist()
    columns["group"] = rows["group"].to_pylist()
    columns |= _tags(rows["tags"].to_pylist())
    return data_frame(columns | metric_columns(samples), "Result.samples")


def metric_columns(samples: RunSamples) -> dict[str, Any]:
    """Return the values [n] float64 of each metric; the directions of a metric share a column."""
    columns: dict[str, Any] = {}
    directions = set(samples.directions())
    for name in samples.metrics:
        values, metric = samples.scores(name), split_name(name, directions).metric
        before = columns.get(metric)
        columns[metric] = values if before is None else np.where(np.isnan(before), values, before)
    return columns


def _inputs(
    samples: RunSamples, table: SampleTable | None, directions: Sequence[str]
) -> dict[str, list[str | None]]:
    """Return the inputs of each row by name, from the sample table."""
    if table is None:
        return {}
    arrow = table.arrow
    names = [name for name in arrow.column_names if name.startswith((TEXT, MEDIA))]
    place = {
        key: row
        for row, key in enumerate(
            zip(arrow["role"].to_pylist(), arrow["id"].to_pylist(), strict=True)
        )
    }
    keys = zip(directions, samples.ids(), strict=True)
    first = directions[0] if directions else ""
    found = [_place(place, "query" if d in ("", first) else "corpus", ident) for d, ident in keys]
    columns: dict[str, list[str | None]] = {}
    for name in names:
        cells = _cell_texts(name, arrow[name].to_pylist())
        own = [None if row is None else cells[row] for row in found]
        if any(cell is not None for cell in own):
            columns[name.partition(":")[2]] = own
    return columns


def _place(rows: Mapping[tuple[str, str], int], role: str, ident: str) -> int | None:
    return rows.get((role, ident), rows.get(("sample", ident)))


def _cell_texts(name: str, cells: Sequence[str | None]) -> Sequence[str | None]:
    if name.startswith(TEXT):
        return cells
    return [None if c is None else place_text(parse_json(c, MediaPlace)) for c in cells]


def _tags(cells: Sequence[str]) -> dict[str, list[str | None]]:
    tags = [parse_json(cell, dict[str, str]) for cell in cells]
    names = dict.fromkeys(name for own in tags for name in own)
    return {f"tag:{name}": [own.get(name) for own in tags] for name in names}


def pairs_frame(baseline: RunSamples, candidate: RunSamples) -> pd.DataFrame:
    """Return the samples that have rows in both runs, in the order of the baseline.

    The columns: `id`; `direction` in a task with several; `reference`; and for the output and each
    metric of both runs, `NAME:baseline` and `NAME:candidate`.
    """
    first, second = (samples_frame(one, None) for one in (baseline, candidate))
    keys = [name for name in ("id", "direction") if name in first.columns]
    reference = ["reference"] if "reference" in first.columns else []
    for frame, samples in ((first, baseline), (second, candidate)):
        frame["split"] = samples.rows["split"].to_pylist()
    shared = [n for n in metric_columns(baseline) if n in second.columns]
    joined = first[[*keys, "split", *reference, "output", *shared]].merge(
        second[[*keys, "split", "output", *shared]],
        on=[*keys, "split"],
        suffixes=(":baseline", ":candidate"),
        sort=False,
    )
    names = [f"{n}:{role}" for n in ("output", *shared) for role in ("baseline", "candidate")]
    return joined[[*keys, *reference, *names]]
