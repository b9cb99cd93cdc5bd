"""The scores of a run on the samples that overlap with a training list, and on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
from msgspec.structs import replace

from mmbench import stats
from mmbench.columns import take_rows
from mmbench.comparison.overlap.result import OverlapScore, PartScore
from mmbench.comparison.rows import RunRows
from mmbench.engine.score_names import score_info
from mmbench.stats.bootstrap import constant, expanded_percentile
from mmbench.stats.folds import Floats
from mmbench.stats.resampler import Resampler
from mmbench.storage.records import StoredRun
from mmbench.types import Score


def split_scores(
    run: StoredRun,
    samples: Mapping[str, set[str]],
    directions: Sequence[str],
    metrics: Sequence[str],
    seed: int,
) -> list[OverlapScore]:
    """Return the scores of a run on the overlapping samples and on the others.

    `samples` are the ids of the overlapping samples by role. `directions` are those of the task: in
    the second one, documents search for queries. Ranks in retrieval are those in the whole corpus.
    Scores without rows for samples are left out.
    """
    rows = RunRows(run, metrics)
    inside = _inside(rows, samples, directions)
    found = (_split(name, rows, inside, seed) for name in metrics)
    return [one for one in found if one is not None]


def _inside(rows: RunRows, samples: Mapping[str, set[str]], directions: Sequence[str]) -> Floats:
    """Return 1 for each stored row of an overlapping sample, else 0 [n]."""
    roles = dict(zip(directions, ("query", "corpus"), strict=False))
    own = samples.get("sample", set())
    ids, names = rows.table["id"].to_pylist(), rows.table["direction"].to_pylist()
    pairs = zip(ids, names, strict=True)
    return np.array([i in samples.get(roles.get(d, ""), own) for i, d in pairs], np.float64)


def _split(name: str, rows: RunRows, inside: Floats, seed: int) -> OverlapScore | None:
    scored = rows.score_rows(name)
    if scored is None:
        return None
    info, declared = rows.record.scores[name], score_info(name)
    flags = inside[scored.places] == 1
    groups = rows.groups.take(scored.places)
    parts: list[PartScore] = []
    drawn: list[tuple[Floats, int]] = []
    for mask in (flags, ~flags):
        numbers = np.flatnonzero(mask)
        score = stats.score(
            scored.rows[numbers],
            fold_name=info.fold,
            worst=declared.worst if declared else None,
            best=declared.best if declared else None,
        )
        own_groups = take_rows(groups, numbers)
        ((ends, _),) = stats.intervals([score], [own_groups], seed=seed)
        parts.append(_part_score(score, ends))
        drawn.append(_drawn(score, own_groups, seed + len(drawn)))
    return _difference(name, info.better, parts, drawn)


def _part_score(score: Score, ends: tuple[float, float] | None) -> PartScore:
    low, high = ends or (None, None)
    value = score.value if isfinite(score.value) else None
    return PartScore(value, low, high, len(score.rows))


def _drawn(score: Score, groups: Sequence[str], seed: int) -> tuple[Floats, int]:
    """Return bootstrap values of a score [b], and the number of groups."""
    resampler = Resampler(groups, seed=seed)
    (values,) = resampler.values([(score.fold, score.rows)])
    return values, resampler.groups


def _difference(
    name: str, better: str, parts: Sequence[PartScore], drawn: Sequence[tuple[Floats, int]]
) -> OverlapScore:
    """Return the difference of two parts, whose samples are drawn independently."""
    inside, others = parts
    result = OverlapScore(name, better, inside, others, None, None, None)
    if inside.value is None or others.value is None:
        return result
    result = replace(result, difference=inside.value - others.value)
    differences = drawn[0][0] - drawn[1][0]
    ends = expanded_percentile(differences, min(groups for _, groups in drawn))
    if ends is None or constant(differences):
        return result
    return replace(result, low=ends[0], high=ends[1])
