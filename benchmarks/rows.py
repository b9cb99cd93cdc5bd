"""One line of the table that `python -m benchmarks` prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured beside what it is held against; None where there is nothing to say.

    `measured` and `reference` are in `unit`; `ratio` is measured / reference; `limit` is the most
    that the ratio may be (or the measured value, where there is no ratio).
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
        """Whether the row was measured and is beyond its limit."""
        value = self.measured if self.ratio is None else self.ratio
        return value is not None and self.limit is not None and value > self.limit
