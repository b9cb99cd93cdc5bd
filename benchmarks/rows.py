"""Rows of the table that `python -m benchmarks` prints."""

from dataclasses import dataclass


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
