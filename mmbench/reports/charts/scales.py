"""Axes: the mapping of values to pixels, and ticks at round values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, isfinite, log10
from typing import NamedTuple

from mmbench.reports.charts.svg import text_width

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


class Scale(NamedTuple):
    """A linear mapping from the values `low` to `high` to the pixels `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value; values outside the range are moved to its ends."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def value_range(
    values: Iterable[float | None], limits: tuple[float | None, float | None] = (None, None)
) -> tuple[float, float]:
    """Return a range that contains all values with some room at both ends, but within `limits`.

    `limits` are the ends of the metric's range; None is an open end. Without values, return (0, 1).
    """
    known = [value for value in values if value is not None and isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
    lowest, highest = limits
    low = low - room if lowest is None else max(min(low, lowest), low - room)
    high = high + room if highest is None else min(max(high, highest), high + room)
    return (low, high) if high > low else (low, low + 1.0)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most `most` round values at equal distances within [low, high]."""
    step = _step(low, high, most)
    first = floor(low / step + 1 - 1e-9)
    last = floor(high / step + 1e-9)
    return [round(n * step, 12) + 0.0 for n in range(first, last + 1)]


def _step(low: float, high: float, most: int) -> float:
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** floor(log10(rough))
    return next(power * factor for factor in _ROUND if power * factor >= rough * (1 - 1e-9))


def tick_texts(values: Sequence[float]) -> list[str]:
    """Return the texts of ticks, all with as many decimals as the finest of them needs."""
    digits = next(
        (n for n in range(8) if all(abs(v - round(v, n)) <= 1e-9 * max(1, abs(v)) for v in values)),
        8,
    )
    return [f"{value:,.{digits}f}" for value in values]


def fitting_ticks(low: float, high: float, room: float) -> list[tuple[float, str]]:
    """Return as many ticks with their texts as fit next to each other into `room` pixels."""
    for most in range(8, 2, -1):
        values = ticks(low, high, most)
        texts = tick_texts(values)
        if sum(text_width(text) + 10 for text in texts) <= room:
            return list(zip(values, texts, strict=True))
    values = ticks(low, high, 2)[:1]
    return list(zip(values, tick_texts(values), strict=True))
