"""Rows of the table that `python -m benchmarks` prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """A measured value and its reference; absent values are None.

    `measured` and `reference` are in `unit`; `ratio` is measured / reference; `limit` is the upper
    limit of the ratio (of the measured value, if there is no ratio).
    """

    name: str
    measured: float | None = None
    reference: float | None = None
    ratio: float | None = None
    limit: float | None = None
    unit: str = "s"
    note: str = ""

    @property
    def missed(self) -> bool:
        """Return whether the row was measured and exceeds its limit."""
        value = self.measured if self.ratio is None else self.ratio
        return value is not None and self.limit is not None and value > self.limit


def paired_row(
    name: str, pairs: Sequence[tuple[float, float]], limit: float | None, note: str
) -> Row:
    """Return a table row for pairs of seconds (measured, reference), with medians over pairs."""
    measured, reference = (median(seconds) for seconds in zip(*pairs, strict=True))
    return Row(name, measured, reference, median(a / b for a, b in pairs), limit, note=note)
