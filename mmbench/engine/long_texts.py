"""Long texts: what metrics read of an output that is longer than any real answer, and its mark.

A metric reads the first 100,000 characters of an output, or ten times the length of its longest
reference where that is more. Metrics take linear time, but alignments (an error rate, a longest
common subsequence) take the product of both lengths. Stored outputs stay whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from mmbench.alternatives import first_reading, pieces_of
from mmbench.text import count
from mmbench.types import Prediction, Predictions

LONGEST = 100_000  # characters
TAG = "cut"  # of a sample whose output is cut: how many characters metrics read of it
_TIMES = 10  # the longest reference


def readable(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Return the predictions with texts of a length that metrics can take."""
    return [replace(p, value=p.value[: _limit(p)]) if _is_long(p) else p for p in predictions]


def with_marks(predictions: Predictions) -> tuple[Predictions, list[str]]:
    """Return the predictions, with the tag `cut` on long texts, and a note that counts these."""
    marked = predictions.mapped(_marked)
    cut = sum(TAG in p.tags for p in marked.each())
    note = (
        f"of {count(cut, 'output')} only the beginning was scored: longer than {LONGEST:,}"
        f" characters and than {_TIMES} times the reference (tag `{TAG}` in the rows)"
    )
    return marked, [note] if cut else []


def _marked(prediction: Prediction) -> Prediction:
    if not _is_long(prediction):
        return prediction
    return replace(prediction, tags=prediction.tags | {TAG: str(_limit(prediction))})


def _is_long(prediction: Prediction) -> bool:
    value = prediction.value
    return isinstance(value, str) and len(value) > LONGEST and len(value) > _limit(prediction)


def _limit(prediction: Prediction) -> int:
    return max(LONGEST, _TIMES * _longest(prediction.target))


def _longest(target: object) -> int:
    """The length of the longest of the texts that are a reference; 0 for any other target."""
    pieces = pieces_of(target)
    if pieces is not None:
        return len(first_reading(pieces))
    texts = target if isinstance(target, list | tuple) else [target]
    return max((len(text) for text in texts if isinstance(text, str)), default=0)
