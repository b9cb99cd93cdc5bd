"""The samples with different metric values in two runs, with the largest losses first."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from mmbench.comparison.join import Joined
from mmbench.comparison.rows import SAMPLE_COLUMNS, RunRows
from mmbench.comparison.samples.output_text import output_text
from mmbench.stats import sample_values
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints
from mmbench.text.excerpts import excerpts

MOST_SAMPLES = 50  # samples returned; a table shows fewer
EXCERPT = 200  # characters of a text


class SampleChange(Struct, frozen=True):
    """One sample in two runs: its metric values and its outputs, and the reference."""

    id: str
    direction: str
    baseline: float
    candidate: float
    baseline_output: str
    candidate_output: str
    target: str


class SampleChanges(Struct, frozen=True):
    """The numbers of samples that are worse or better by one metric, and examples of these samples.

    The examples with the largest losses come first.
    """

    metric: str
    worse: int
    better: int
    samples: list[SampleChange]


def changes(joined: Joined, a: RunRows, b: RunRows) -> SampleChanges | None:
    """Return the samples with different metric values in the two runs.

    For an error rate, the value of a sample with an empty reference is its number of edits. Return
    None for a metric that has no value for a single sample (average precision).
    """
    values = _values(joined, a)
    if values is None:
        return None
    first, second, gain = values
    worst_rows = _largest_losses(joined, a, gain, MOST_SAMPLES)
    keys = a.table.select(SAMPLE_COLUMNS).take(joined.places_a[worst_rows])
    names = zip(*keys.to_pydict().values(), strict=True)
    columns = zip(
        names,
        first[worst_rows].tolist(),
        second[worst_rows].tolist(),
        a.column_values("value", joined.places_a[worst_rows]),
        b.column_values("value", joined.places_b[worst_rows]),
        a.column_values("target", joined.places_a[worst_rows]),
        strict=True,
    )
    samples = [_change(*sample) for sample in columns]
    return SampleChanges(joined.name, int((gain < 0).sum()), int((gain > 0).sum()), samples)


def changed_rows(joined: Joined, a: RunRows) -> Ints | None:
    """Return the rows of `joined` with different metric values, the largest losses first.

    Return None for a metric that has no value for a single sample.
    """
    values = _values(joined, a)
    return None if values is None else _largest_losses(joined, a, values[2])


def _values(joined: Joined, a: RunRows) -> tuple[Floats, Floats, Floats] | None:
    """Return the values of the samples in both runs, and their gains; a loss is negative."""
    first, second = (sample_values(joined.fold, r) for r in (joined.rows_a, joined.rows_b))
    if first is None or second is None:
        return None
    higher = a.record.scores[joined.name].better == "higher"
    if not higher:
        first, second = _rates(first, joined.rows_a), _rates(second, joined.rows_b)
    return first, second, np.nan_to_num((second - first) * (1 if higher else -1))


def _largest_losses(joined: Joined, a: RunRows, gain: Floats, most: int | None = None) -> Ints:
    """Return the `most` rows of `joined` with the largest losses; the others have larger gains.

    Rows with equal gains are ordered by their samples. Rows without a gain or a loss are left out.
    """
    import pyarrow.compute as pc

    changed = np.flatnonzero(gain)
    if not changed.size:  # select_k_unstable fails on an empty table before pyarrow 26
        return changed
    table = a.table.select(SAMPLE_COLUMNS).take(joined.places_a[changed])
    table = table.add_column(0, "gain", [gain[changed]])
    order = [(name, "ascending") for name in table.column_names]
    worst = pc.select_k_unstable(table, most or len(changed), order)
    return np.asarray(changed[worst.to_numpy()])


def _change(
    sample_key: tuple[str, int, str],
    first: float,
    second: float,
    baseline: object,
    candidate: object,
    target: object,
) -> SampleChange:
    direction, _, ident = sample_key
    baseline_text, candidate_text = output_text(baseline), output_text(candidate)
    texts = excerpts(baseline_text, candidate_text, EXCERPT)
    reference = excerpts(output_text(target), candidate_text, EXCERPT)[0]
    return SampleChange(ident, direction, first, second, *texts, reference)


def _rates(values: Floats, rows: Floats) -> Floats:
    """Return error rates: `values`, but for an empty reference the number of edits, as in jiwer."""
    return np.where(np.isnan(values), rows[:, 0], values)
