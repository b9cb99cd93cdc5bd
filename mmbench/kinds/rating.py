"""Rating: what people thought of each sample, and how near a predictor comes to it."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Any

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.per_sample import PerSample, chance
from mmbench.types import Outputs, Sample, TaskSpec


class Rating(PerSample):
    """The kind `rating`. A target is [rater, rating] pairs, a value the number of a predictor."""

    baselines = ("oracle", "constant", "random")

    def value(
        self, spec: TaskSpec, sample: Sample, given: Any, data: Samples, outputs: Outputs
    ) -> float:
        """The predicted rating. Raises DataError for anything but a number."""
        try:
            number = float(given)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise DataError(
                f"task {spec.name}: the output for {sample.id} is {given!r}, not a number"
            )
        return number

    def blind(self, who: str, data: Samples, seed: int) -> list[float]:
        """The mean rating of each sample, of all samples, or chance by the id's hash."""
        means = [fmean(rating for _, rating in sample.target) for sample in data.samples]
        if who == "oracle":
            return means
        if who == "constant":
            return [fmean(means)] * len(means)
        low, high = min(means), max(means)
        return [low + (high - low) * chance(seed, sample.id) / 2**64 for sample in data.samples]
