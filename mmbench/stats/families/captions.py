"""Folds of caption metrics that are computed from summed counts: BLEU and METEOR.

| fold | columns of a row |
|---|---|
| `bleu@n` | matches of orders 1 to n, n-grams of orders 1 to n, length, reference length |
| `meteor` | the 23 statistics of METEOR 1.5 (see `mmbench.metrics.captions.meteor`) |
"""

from __future__ import annotations

from functools import partial

import numpy as np

from mmbench.stats.folds import Floats, sums

# Constants of pycocoevalcap that prevent 0 / 0.
_TINY, _SMALL = 1e-15, 1e-9

# METEOR 1.5 for English, task "rank": Denkowski and Lavie 2014, table 3.
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.20, 0.60, 0.75
_MODULES = (1.0, 0.6, 0.8, 0.6)  # exact, stem, synonym, paraphrase


def _bleu(n: int, totals: Floats, weight: Floats) -> Floats:
    precisions = (totals[:, :n] + _TINY) / (totals[:, n : 2 * n] + _SMALL)
    ratio = (totals[:, -2] + _TINY) / (totals[:, -1] + _SMALL)
    brevity = np.exp(np.minimum(1 - 1 / ratio, 0))
    return np.where(weight > 0, precisions.prod(axis=1) ** (1 / n) * brevity, np.nan)


for _n in range(1, 5):
    sums(f"bleu@{_n}")(partial(_bleu, _n))


@sums("meteor")
def _meteor(totals: Floats, weight: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = _matches(totals, 0) / _length(totals, 0)
        recall = _matches(totals, 1) / _length(totals, 1)
        mean = 1 / ((1 - _ALPHA) / precision + _ALPHA / recall)
        chunks = totals[:, 20] / (totals[:, 21:].sum(axis=1) / 2)
        value = mean * (1 - _GAMMA * chunks**_BETA)
    return np.where(weight > 0, np.where(np.isnan(value), 0, np.maximum(value, 0)), np.nan)


def _length(totals: Floats, side: int) -> Floats:
    """Return the weighted word count of the candidate (`side` 0) or the reference (`side` 1).

    Function words have a smaller weight than content words.
    """
    words, function = totals[:, side], totals[:, 2 + side]
    return _DELTA * (words - function) + (1 - _DELTA) * function


def _matches(totals: Floats, side: int) -> Floats:
    """Return the weighted count of matched words in the candidate (`side` 0) or reference (1).

    The weight of a word depends on the module that matched it, and on whether it is a function
    word.
    """
    content, function = totals[:, 4 + side : 20 : 4], totals[:, 6 + side : 20 : 4]
    return np.asarray((_DELTA * content + (1 - _DELTA) * function) @ np.array(_MODULES))
