"""The run with the highest value: by how much its value is too high, and what choosing it may cost.

The highest of several values is too high on average, because a run with a lucky value is more
likely to be the highest (the winner's curse). The draws of chance are added to values that are
shrunk towards their mean, until they scatter as much as the runs do without noise: the bias is the
mean excess of the highest drawn value over the value of its run, and the expected loss is the mean
distance of this run from the best one. Draws around the observed values themselves would give about
two thirds of the bias if all runs are equally good. (Shrinkage: Efron and Morris 1973, "Stein's
estimation rule and its competitors", Journal of the American Statistical Association 68(341).)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.stats.folds import Floats
from mmbench.stats.ranking.joint_test import JointDraws, critical_value, maxima


class TopValue(NamedTuple):
    """The run with the highest value, and the limits of this choice, in units of the value.

    `bias` is the expected excess of its value. `expected_loss` is the mean distance of a run that
    is chosen in this way from the best run; `largest_loss` is the upper limit of this distance.
    """

    run: int
    bias: float
    expected_loss: float
    largest_loss: float


def top_value(joint: JointDraws, level: float) -> TopValue:
    """Return the highest of r values; `largest_loss` holds with the probability `level`."""
    top = int(np.argmax(joint.values))
    truth = _shrunk(joint)
    drawn = truth + joint.noise - joint.noise.mean(axis=0)
    chosen = drawn.argmax(axis=1)
    highest = drawn[np.arange(len(drawn)), chosen]
    return TopValue(
        top,
        max(0.0, float((highest - truth[chosen]).mean())),
        float((truth.max() - truth[chosen]).mean()),
        _largest_loss(joint, top, level),
    )


def _shrunk(joint: JointDraws) -> Floats:
    """Return the values [r], shrunk towards their mean to a variance without noise."""
    mean = joint.values.mean()
    spread = joint.values.var(ddof=1)
    noise = joint.noise - joint.noise.mean(axis=1, keepdims=True)
    expected = (noise**2).mean() * len(joint.values) / (len(joint.values) - 1)
    share = np.sqrt(max(0.0, 1 - expected / spread)) if spread > 0 else 0.0
    return np.asarray(mean + share * (joint.values - mean))


def _largest_loss(joint: JointDraws, top: int, level: float) -> float:
    """Return the upper limit of the best value minus the value of run `top`.

    It holds for a run that was chosen by the values, because its critical value is that of all
    pairs.
    """
    pairs = ~np.eye(len(joint.values), dtype=bool)
    limit = critical_value(maxima(joint, pairs), level)
    scales = np.where(np.isfinite(joint.scales[top]), joint.scales[top], 0.0)
    return max(0.0, float((joint.values - joint.values[top] + limit * scales).max()))
