"""The kind `rating`: predicted ratings, compared with human ratings of each sample."""

from __future__ import annotations

import math
from statistics import fmean

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.per_sample import PerSample, each_output, hash_number
from mmbench.types import Outputs


class Rating(PerSample):
    """The kind `rating`. A target is a list of [rater, rating] pairs, a value is a number."""

    baselines = ("oracle", "constant", "random")

    def accepted(self, data: Samples, outputs: Outputs, /) -> list[object]:
        """Return the predicted ratings. Raises DataError for an output that is not a number."""
        return each_output(self.task, data, outputs, _as_number)

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> list[float]:
        """Return the rating that a baseline predicts for each sample.

        The oracle predicts the mean rating of the sample. `constant` predicts the mean over all
        samples. `random` predicts a number between the lowest and the highest mean rating, derived
        from the seed and the id of the sample.
        """
        means = [fmean(rating for _, rating in sample.target) for sample in data.samples]
        if name == "oracle":
            return means
        if name == "constant":
            return [fmean(means)] * len(means)
        low, high = min(means), max(means)
        return [
            low + (high - low) * hash_number(seed, sample.id) / 2**64 for sample in data.samples
        ]


def _as_number(output: object, where: str) -> float:
    try:
        number = float(output)  # type: ignore[arg-type]  # also NumPy's numbers
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where} is {output!r}; give a finite number")
    return number
