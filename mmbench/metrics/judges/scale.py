"""The scale of a rubric: a range of numbers, or a list of labels with values."""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct, field

from mmbench.errors import SpecError
from mmbench.text import listed

_MOST_POINTS = 1001
_ROUNDING = 1e-9  # tolerance of a score on a scale with steps, relative to the step


class Scale(Struct, frozen=True, forbid_unknown_fields=True):
    """The scores that a judge may give.

    Either the numbers from `min` to `max` in steps of `step` (0: every number in the range), or
    `labels` that map words to values. `better` says whether higher or lower scores are better.
    """

    min: float = 1
    max: float = 5
    step: float = 1
    labels: dict[str, float] = field(default_factory=dict)
    better: Literal["higher", "lower"] = "higher"

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest score."""
        values = self.labels.values() or (self.min, self.max)
        return min(values), max(values)

    @property
    def worst(self) -> float:
        """The worst score."""
        return self.ends[0 if self.better == "higher" else 1]

    @property
    def best(self) -> float:
        """The best score."""
        return self.ends[1 if self.better == "higher" else 0]

    @property
    def points(self) -> list[float]:
        """All scores in ascending order; [] if every number of the range is a score."""
        if self.labels:
            return sorted(set(self.labels.values()))
        if not self.step:
            return []
        return [self.min + at * self.step for at in range(self._steps() + 1)]

    def _steps(self) -> int:
        return round((self.max - self.min) / self.step)

    def point(self, number: float) -> float | None:
        """Return the score that a number stands for; None if it is not on the scale."""
        if self.labels:
            return number if number in self.labels.values() else None
        if not self.min <= number <= self.max:
            return None
        if not self.step:
            return number
        steps = (number - self.min) / self.step
        whole = round(steps)
        return self.min + whole * self.step if abs(steps - whole) <= _ROUNDING else None

    def label(self, text: str) -> float | None:
        """Return the value of a label, in any case; None if the scale has no such label."""
        values = {name.casefold(): value for name, value in self.labels.items()}
        return values.get(text.strip().casefold())

    def describe(self) -> str:
        """Return the scale in words: "one of 1, 2, 3, 4, 5", 'one of "right", "wrong"'."""
        if self.labels:
            return "one of " + ", ".join(f'"{name}"' for name in self.labels)
        if self.step and len(self.points) <= 11:
            return f"one of {', '.join(f'{point:g}' for point in self.points)}"
        steps = f" in steps of {self.step:g}" if self.step else ""
        return f"a number from {self.min:g} to {self.max:g}{steps}"


def label_fault(raw: object) -> str:
    """Return the fault of the keys of `labels`: in YAML, an unquoted yes is a boolean."""
    labels = raw.get("labels") if isinstance(raw, dict) else None
    keys = labels if isinstance(labels, dict) else []
    if all(isinstance(key, str) for key in keys):
        return ""
    return 'scale.labels must be strings; put yes, no, true, false and numbers in quotes: "yes": 1'


def check_scale(scale: Scale, where: str) -> None:
    """Raise SpecError, which names the file `where`, for a scale without two different scores."""
    if scale.labels:
        _check_labels(scale, where)
        return
    numbers = {"min": scale.min, "max": scale.max, "step": scale.step}
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise SpecError(f"{where}: scale.{name} must be a finite number, not {value}")
    if not scale.min < scale.max:
        raise SpecError(f"{where}: scale.min must be less than max")
    if scale.step < 0 or scale.step > scale.max - scale.min:
        raise SpecError(f"{where}: scale.step must be from 0 to max - min")
    if scale.step and (scale.max - scale.min) / scale.step > _MOST_POINTS:
        raise SpecError(f"{where}: scale.step gives more than {_MOST_POINTS:,} scores; set step: 0")
    if scale.step and scale.point(scale.max) is None:
        raise SpecError(f"{where}: scale.max must be min plus a number of steps ({scale.step:g})")


def _check_labels(scale: Scale, where: str) -> None:
    if Scale(labels=scale.labels, better=scale.better) != scale:
        raise SpecError(f"{where}: scale.labels replace min, max and step; remove one of both")
    names = [name.strip().casefold() for name in scale.labels]
    alike = sorted({name for name in names if names.count(name) > 1 or not name})
    if alike:
        raise SpecError(f"{where}: scale.labels are equal or empty: {listed(map(repr, alike))}")
    values = scale.labels.values()
    if not all(map(math.isfinite, values)) or len(set(values)) < 2:
        raise SpecError(f"{where}: scale.labels need at least two different finite values")
