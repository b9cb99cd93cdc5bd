"""Folds of translation metrics, which compute what sacrebleu 2.6.0 computes, as fractions.

| fold | columns of a row |
|---|---|
| `sacrebleu` | matches of orders 1 to 4, n-grams of orders 1 to 4, length, reference length |
| `chrf` | for each order of n-grams: those of the output, those of the reference, matches |

Source: sacrebleu 2.6.0, metrics/bleu.py (`compute_bleu`) and metrics/chrf.py (`_compute_f_score`).
"""

from __future__ import annotations

import numpy as np

from mmbench.stats.folds import Floats, alone, sums

ORDERS = 4  # of BLEU
_BETA_SQUARED = 4  # of chrF2: recall has twice the weight of precision


@sums("sacrebleu")
def _corpus_bleu(totals: Floats, weight: Floats) -> Floats:
    return np.where(weight > 0, _bleu(totals, np.full(len(totals), ORDERS)), np.nan)


@alone("sacrebleu")
def sentence_bleu(rows: Floats) -> Floats:
    """Return the BLEU of each sentence [n] from rows of the fold `sacrebleu`, range [0, 1].

    As in sacrebleu's `sentence_bleu`, the mean is over the orders of which the output has n-grams
    (signature `eff:yes`).
    """
    return _bleu(rows, (rows[:, ORDERS : 2 * ORDERS] > 0).sum(axis=1))


def _bleu(totals: Floats, orders: Floats) -> Floats:
    """Return BLEU [b] of total counts [b, 10]; `orders` [b] is the number of orders in the mean.

    The n-th order without a match, counted over such orders, has a precision of 1 / (2^n · n-grams)
    ("exponential smoothing" of NIST's mteval-v13a). Without any match, BLEU is 0.
    """
    matches, grams = totals[:, :ORDERS], totals[:, ORDERS : 2 * ORDERS]
    length, reference = totals[:, -2], totals[:, -1]
    unmatched = (matches == 0) & (grams > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        smoothed = 1 / (2.0 ** np.cumsum(unmatched, axis=1) * grams)
        precisions = np.where(unmatched, smoothed, matches / grams)
        logarithms = np.log(np.where(grams > 0, precisions, 0))
        used = np.arange(ORDERS) < np.asarray(orders)[:, None]
        mean = np.where(used, logarithms, 0).sum(axis=1) / orders
        brevity = np.where(length < reference, np.exp(1 - reference / length), 1)
    return np.where(matches.any(axis=1), brevity * np.exp(mean), 0.0)


@sums("chrf")
def _chrf(totals: Floats, weight: Floats) -> Floats:
    precision, recall, orders = np.zeros((3, len(totals)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for at in range(0, totals.shape[1], 3):  # in the order of sacrebleu, with its rounding
            output, reference, matches = totals[:, at : at + 3].T
            used = (output > 0) & (reference > 0)
            precision += np.where(used, matches / output, 0)
            recall += np.where(used, matches / reference, 0)
            orders += used
        precision, recall = precision / np.maximum(orders, 1), recall / np.maximum(orders, 1)
        value = (1 + _BETA_SQUARED) * precision * recall / (_BETA_SQUARED * precision + recall)
    return np.where(weight > 0, np.where(precision + recall > 0, value, 0.0), np.nan)
