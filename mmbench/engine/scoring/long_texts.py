"""Truncation of outputs that are far longer than any real answer.

A metric reads the first 100,000 characters of an output, or ten times the length of its longest
reference if that is more. Most metrics take linear time, but alignments (an error rate, a longest
common subsequence) take time proportional to the product of the lengths of output and reference.
Stored outputs are not truncated.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import msgspec

from mmbench.columns import Texts, column, patch_rows, table
from mmbench.text import count
from mmbench.text.alternatives import first_reading, pieces_of
from mmbench.text.segments import holds_segments
from mmbench.types import Prediction, Predictions, tagged

LONGEST = 100_000  # characters
TAG = "cut"  # tag of a truncated output; its value is the number of characters that metrics read
_TIMES = 10  # multiple of the length of the longest reference


def truncate_long_texts(predictions: Sequence[Prediction]) -> Sequence[Prediction]:
    """Return the predictions with long texts truncated for metrics."""
    long = _long_rows(predictions)
    if not long:
        return predictions
    whole = table(Prediction, predictions)
    values = whole.columns["value"]
    cut = {row: values[row][:limit] for row, limit in long.items()}
    return whole.with_columns(value=patch_rows(values, cut))


def mark_long_texts(predictions: Predictions) -> tuple[Predictions, list[str]]:
    """Return the predictions with the tag `cut` on long texts, and a note that counts them."""
    long = list(map(_long_rows, predictions.splits()))
    cut, remaining = sum(map(len, long)), iter(long)
    if not cut:
        return predictions, []

    def tag_split(split: Sequence[Prediction]) -> Sequence[Prediction]:
        return tagged(split, {row: {TAG: str(limit)} for row, limit in next(remaining).items()})

    note = (
        f"only the beginning of {count(cut, 'output')} was scored: longer than {LONGEST:,}"
        f" characters and than {_TIMES} times the reference (tag `{TAG}` in the rows)"
    )
    return predictions.with_splits(tag_split), [note]


def _long_rows(predictions: Sequence[Prediction]) -> dict[int, int]:
    """Return the rows of texts that are too long.

    Each row is mapped to the number of characters that metrics read.
    """
    values = column(predictions, "value")
    if isinstance(values, Texts) and values.longest() <= LONGEST:
        return {}
    if isinstance(values, array) or hasattr(values, "dtype"):
        return {}
    over = [row for row, v in enumerate(values) if isinstance(v, str) and len(v) > LONGEST]
    longest = {row: _longest(predictions[row].target) for row in over}
    limits = {row: max(LONGEST, _TIMES * length) for row, length in longest.items()}
    return {row: limit for row, limit in limits.items() if len(values[row]) > limit}


def _longest(target: object) -> int:
    """Return the length of the longest reference text; return 0 if the target is not text.

    For segments with speakers, it is the length of their JSON.
    """
    if holds_segments(target):
        return len(msgspec.json.encode(target))
    pieces = pieces_of(target)
    if pieces is not None:
        return len(first_reading(pieces))
    texts = target if isinstance(target, list | tuple) else [target]
    return max((len(text) for text in texts if isinstance(text, str)), default=0)
