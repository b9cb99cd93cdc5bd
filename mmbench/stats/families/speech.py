"""The folds of metrics of speech.

| fold | columns of a row |
|---|---|
| `wil` | hits, words of the reference, words of the hypothesis |
| `der` | seconds of missed speech, of false alarms, of confused speakers, of reference speech |

The word information lost, `wil`, is 1 if only the references or only the hypotheses have words, and
NaN if neither has words. The diarisation error rate, `der`, is the sum of the first three columns
divided by the last; it is NaN without reference speech.
"""

from __future__ import annotations

import numpy as np

from mmbench.stats.folds import Floats, sums


@sums("wil")
def _wil(totals: Floats, n: Floats) -> Floats:  # noqa: ARG001 - a fold takes both
    hits, reference, hypothesis = totals[:, 0], totals[:, 1], totals[:, 2]
    both = (reference > 0) & (hypothesis > 0)
    information_kept = np.where(
        both, hits / np.maximum(reference, 1) * (hits / np.maximum(hypothesis, 1)), 0.0
    )
    return np.where((reference > 0) | (hypothesis > 0), 1 - information_kept, np.nan)


@sums("der")
def _der(totals: Floats, n: Floats) -> Floats:  # noqa: ARG001 - a fold takes both
    return np.where(totals[:, 3] > 0, totals[:, :3].sum(axis=1) / totals[:, 3], np.nan)
