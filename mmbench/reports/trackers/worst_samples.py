"""The samples with the worst scores of a run, as a table for trackers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from mmbench.comparison.samples.output_text import place_text
from mmbench.comparison.samples.run_sample import Hit, RunSample
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.text import plain, printable

Cell: TypeAlias = str | float | None

_WORST, _FAILED = 50, 10  # rows of the table
_HITS = 5  # documents of a ranking
_LONGEST = 1000  # characters of a cell


class SampleRows(NamedTuple):
    """A table: the names of its columns, and its rows.

    A column has numbers or text; None is an empty cell.
    """

    columns: list[str]
    rows: list[list[Cell]]


def worst_samples(samples: RunSamples) -> SampleRows | None:
    """Return the samples with the lowest scores, then failed samples; None if there are none.

    The samples are ordered by the headline, or by the first metric with a value per sample. Texts
    are cut after 1,000 characters, and have no control characters.
    """
    rows = [*samples.worst_first()[:_WORST], *np.flatnonzero(samples.failed())[:_FAILED]]
    cells = [dict(_cells(samples[int(row)], samples.metrics)) for row in rows]
    columns = list(dict.fromkeys(name for row in cells for name in row))
    filled = [name for name in columns if any(row.get(name) is not None for row in cells)]
    return SampleRows(filled, [[row.get(n) for n in filled] for row in cells]) if cells else None


def _cells(sample: RunSample, metrics: Iterable[str]) -> Iterator[tuple[str, Cell]]:
    """Yield the name and the value of each cell of a sample."""
    yield "id", _text(sample.id)
    yield "direction", _text(sample.direction)
    for name in metrics:
        yield f"score {plain(name, 100)}", sample.scores.get(name)
    for name, text in sample.texts.items():
        yield f"input {plain(name, 100)}", _text(text)
    for name, place in sample.media.items():
        yield f"input {plain(name, 100)}", _text(place_text(place))
    yield "references", _text("\n".join(sample.references))
    yield "answer", _text(sample.answer_text)
    yield "reasoning", _text(sample.reasoning)
    yield "retrieved", _text("\n".join(map(_hit, sample.hits[:_HITS])))
    yield "relevant", _text("\n".join(map(_hit, sample.relevant[:_HITS])))
    yield "error", _text(sample.error or sample.rejected)


def _hit(hit: Hit) -> str:
    """Return a document of a ranking as a line: `3. 000123.jpg` or `1. c7: a red square`."""
    texts = " / ".join(hit.sample.texts.values()) if hit.sample else ""
    return f"{hit.rank or '?'}. {hit.id}{f': {texts}' if texts else ''}"


def _text(text: str | None) -> str | None:
    """Return a text without control characters, cut to the longest cell; None for no text."""
    if not text:
        return None
    cut = f"{text[: _LONGEST - 1]}…" if len(text) > _LONGEST else text
    return printable(cut)
