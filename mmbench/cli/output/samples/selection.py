"""The selection of samples of a run, or of two runs on the same samples, by flags."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.comparison.changes import changed_rows
from mmbench.comparison.comparability import with_variants
from mmbench.comparison.join import join, places_in
from mmbench.comparison.rows import RunRows
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.engine.score_names import without_macro
from mmbench.errors import UnknownName, UserError
from mmbench.storage.records import StoredRun
from mmbench.text import listed, plain

Kind = Literal["worst", "wrong", "failed", "changed", "ids"]
Rows = NDArray[np.intp]

_COMPARED = 20_000  # ids that are compared with an unknown id
_NEIGHBOURS = 5


class Selection(NamedTuple):
    """Which samples to show, and by which score; `metric` is "" if no score has values by sample.

    `where` are tags with their values: only samples with all of them are selected.
    """

    kind: Kind
    metric: str
    ids: Sequence[str] = ()
    where: Sequence[tuple[str, str]] = ()


def chosen_metric(samples: RunSamples, name: str | None) -> str:
    """Return the score that `--metric` names; by default the headline, if it has values by sample.

    Raises UnknownName, and UserError for a name that stands for several scores.
    """
    if name is None:
        base = without_macro(samples.record.headline)
        return base if base in samples.metrics else next(iter(samples.metrics), "")
    if name in samples.metrics:
        return name
    names = with_variants(name, samples.metrics)
    if len(names) == 1:
        return names[0]
    if names:
        raise UserError(f"--metric {plain(name)} stands for several scores; choose {listed(names)}")
    if name in samples.record.scores:
        others = listed(samples.metrics, 20)
        advice = f"choose {others}" if others else "leave it out"
        raise UserError(f"--metric {plain(name)} has no values of single samples; {advice}")
    hint = "`mmbench rescore RUN --metric NAME` computes others"
    raise UnknownName("metric", name, samples.metrics, hint)


def selected_rows(samples: RunSamples, selection: Selection) -> Rows:
    """Return the row numbers of the selected samples of a run, the worst first.

    Rows without a value of the score are last. Samples that are selected by id are in the order of
    the ids. Raises UnknownName for an id, a tag or a value that the run does not have.
    """
    if selection.kind == "ids":
        rows = _with_ids(samples, selection.ids)
    elif selection.kind == "failed":
        rows = samples.failed().nonzero()[0]
    else:
        rows = worst_first(samples, selection.metric)
        is_wrong = selection.kind == "wrong"
        covered = in_scope(samples, selection.metric)
        rows = rows[(samples.wrong(selection.metric or None) if is_wrong else covered)[rows]]
    return rows[tagged(samples, selection.where)[rows]]


def selected_pairs(
    samples: Sequence[RunSamples], runs: Sequence[StoredRun], selection: Selection
) -> list[tuple[int | None, int | None]]:
    """Return the row numbers of the selected samples in two runs, the worst first.

    By default, the order is that of the second run, the candidate. A sample is wrong or failed if
    it is in one of the runs. `changed` samples are ordered by their loss.
    """
    first, second = samples
    names = [selection.metric] if selection.metric else []
    tables = [RunRows(run, names) for run in runs]
    place_in_first = places_in(tables[1], tables[0])
    if selection.kind == "changed":
        rows = _changed(tables, selection.metric)
    elif selection.kind in ("wrong", "failed"):
        rows = _of_either(first, second, place_in_first, selection)
    else:
        rows = selected_rows(second, selection._replace(where=()))
    rows = rows[tagged(second, selection.where)[rows]]
    return [(_row(place_in_first[row]), int(row)) for row in rows]


def _row(place: int) -> int | None:
    return int(place) if place >= 0 else None


def _of_either(
    first: RunSamples, second: RunSamples, place_in_first: Rows, selection: Selection
) -> Rows:
    def flags(samples: RunSamples) -> NDArray[np.bool_]:
        is_failed = selection.kind == "failed"
        return samples.failed() if is_failed else samples.wrong(selection.metric or None)

    in_first = np.append(flags(first), np.False_)[place_in_first]
    rows = worst_first(second, selection.metric)
    return rows[(flags(second) | in_first)[rows]]


def _changed(tables: Sequence[RunRows], metric: str) -> Rows:
    """Return the rows of the second table whose score differs, the largest loss first."""
    first, second = tables
    joined = join(first, second, metric, places_in(first, second)) if metric else None
    changed = None if joined is None else changed_rows(joined, first)
    if joined is None or changed is None:
        raise UserError(
            f"--changed: no score of run {second.record.run} has values for samples; use --id ID"
        )
    return np.asarray(joined.places_b[changed])


def in_scope(samples: RunSamples, metric: str) -> NDArray[np.bool_]:
    """Return whether each row belongs to a direction that a score covers; all without a score."""
    directions = np.asarray(samples.directions(), object)
    measured = ~np.isnan(samples.scores(metric)) if metric else np.zeros(len(samples), bool)
    if not measured.any():
        return np.ones(len(samples), bool)
    return np.isin(directions, np.unique(directions[measured]))


def worst_first(samples: RunSamples, metric: str) -> Rows:
    """Return all row numbers, those with the worst values of a score first.

    Rows that were not measured are last, as they are stored.
    """
    if not metric:
        return np.arange(len(samples))
    unmeasured = np.flatnonzero(np.isnan(samples.scores(metric)))
    return np.concatenate([samples.worst_first(metric), unmeasured])


def tagged(samples: RunSamples, where: Sequence[tuple[str, str]]) -> NDArray[np.bool_]:
    """Return whether each row has all of these tags. Raises UnknownName for an unknown tag."""
    mask = np.ones(len(samples), bool)
    known = samples.tag_values() if where else {}
    for tag, value in where:
        if tag not in known:
            raise UnknownName("tag", tag, known)
        if value not in known[tag]:
            raise UnknownName(f"value of tag {plain(tag)}", value, known[tag])
        mask &= samples.tagged(tag, value)
    return mask


def _with_ids(samples: RunSamples, ids: Sequence[str]) -> Rows:
    """Return the rows of these ids; a sample may have a row in each direction."""
    every = samples.ids()
    by_id: dict[str, list[int]] = {ident: [] for ident in ids}
    for row, ident in enumerate(every):
        if ident in by_id:
            by_id[ident].append(row)
    for ident, rows in by_id.items():
        if not rows:
            hint = "`mmbench inspect RUN --json` has all ids"
            raise UnknownName("sample", ident, _neighbours(ident, every), hint)
    return np.array([row for rows in by_id.values() for row in rows], np.intp)


def _neighbours(ident: str, every: Sequence[str]) -> Sequence[str]:
    """Return the ids that an error message may suggest: of many ids, the next ones by alphabet."""
    if len(every) <= _COMPARED:
        return every
    ordered = sorted(set(every))
    at = bisect_left(ordered, ident)
    return ordered[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]
