"""Rank histograms: how far down the relevant document of each query was retrieved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.engine.recording.rows import stored_ranking
from mmbench.errors import DataError
from mmbench.reports.charts.columns import decoded
from mmbench.reports.charts.figure import Chart
from mmbench.reports.charts.histograms import Bar, bar_chart
from mmbench.text.number_format import format_number
from mmbench.types import Ranking, RunRecord

_CUT_OFF = "recall@"  # the cut-offs of these scores are marked


def rank_charts(samples: RunSamples) -> list[Chart]:
    """Return a histogram of the first relevant rank for each direction; [] without rankings."""
    ranks: dict[str, list[int | None]] = {}
    for direction, ranking in zip(samples.directions(), _rankings(samples), strict=True):
        if ranking is not None:
            ranks.setdefault(direction, []).append(next(iter(ranking.ranks), None))
    return [_chart(samples.record, direction, own) for direction, own in ranks.items()]


def _rankings(samples: RunSamples) -> Iterator[Ranking | None]:
    """Yield the ranking of each row, None for another output. Raises DataError."""
    for row, value in enumerate(decoded(samples, "value")):
        try:
            yield stored_ranking(value)
        except ValueError as error:
            raise DataError(
                f"run {samples.record.run}: row {row} cannot be read: {error}"
            ) from error


def _chart(record: RunRecord, direction: str, ranks: Sequence[int | None]) -> Chart:
    cut_offs = dict(_cut_offs(record, direction))
    known = np.array([rank for rank in ranks if rank is not None], np.int64)
    edges = bin_edges(int(known.max(initial=1)), cut_offs)
    counts = np.histogram(known, [*edges, edges[-1] + 1])[0].tolist() if known.size else []
    bars = [
        Bar(_span(low, high), size, mark=cut_offs.get(high - 1, ""))
        for (low, high), size in zip(pairwise(edges), counts, strict=False)
    ]
    missing = len(ranks) - len(known)
    bars += [Bar("not retrieved", missing)] if missing else []
    ending = f", {direction}" if direction else ""
    return bar_chart(f"Rank of the first relevant document{ending}", bars, "query", "rank")


def _cut_offs(record: RunRecord, direction: str) -> Iterator[tuple[int, str]]:
    """Yield the cut-off of each recall score of a direction, with the score as text."""
    ending = f"[{direction}]" if direction else ""
    for name, score in record.scores.items():
        number = name.removeprefix(_CUT_OFF).removesuffix(ending)
        if name == f"{_CUT_OFF}{number}{ending}" and number.isdecimal() and int(number) > 0:
            yield int(number), f"{_CUT_OFF}{number} {format_number(score.value)}"


def bin_edges(highest: int, cut_offs: Sequence[int] | dict[int, str] = ()) -> list[int]:
    """Return the edges of bins for ranks up to `highest`: [1, 2, 3, 6, 11, 21, 51, 101 …].

    A bin covers the ranks from its edge up to the next edge. Bins grow by factors of 2 to 2.5, and
    each cut-off is the last rank of a bin.
    """
    edges, power = {1}, 1
    last = max([highest, *cut_offs])
    while max(edges) <= last:
        edges |= {factor * power + 1 for factor in (1, 2, 5)}
        power *= 10
    first_beyond = min(edge for edge in edges if edge > last)
    edges |= {cut_off + 1 for cut_off in cut_offs}
    return sorted(edge for edge in edges if edge <= first_beyond)


def _span(low: int, end: int) -> str:
    return f"{low:,}" if end - low == 1 else f"{low:,}–{end - 1:,}"
