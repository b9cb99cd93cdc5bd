"""Variants of a metric that differ only in the normalisation of the texts that they compare.

The variant that reproduces the scores of another program shows how that program normalises.

Sources: the variants of `wer`, `cer`, `vqa_accuracy` … are metrics of mmbench. The variants of
`exact_match` compare as `exact_match` of lm-eval 0.4.13 does (lm_eval/api/metrics.py,
`exact_match_hf_evaluate`): the texts as they are, in lower case (`ignore_case`), and also without
the characters of `string.punctuation` (`ignore_punctuation`).
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench import metric_names
from mmbench.comparison.explain.rescoring import Measured, Placed, Rescorer
from mmbench.engine.score_names import ScoreName
from mmbench.stats.folds import Floats

_BASE = re.compile(r"^(?P<family>[^\[\]@]+)\[[^\[\]]+\]$")
_TOLERANCE = 1e-6  # between a score per sample and its recomputed value
_ROUNDED = (6, 4, 3, 2)  # decimals to which programs round scores per sample


class Variant(NamedTuple):
    """A normalisation by name, and the function that scores predictions with it."""

    name: str
    score: Callable[[Sequence[Placed]], Measured]


def variants(name: ScoreName, options: Mapping[str, object]) -> Iterator[Variant]:
    """Yield the other variants of a metric; none for a metric with a single normalisation."""
    if match := _BASE.match(name.metric):
        forms = metric_names.metric_forms(match["family"])
        for other in (
            form_name for form in forms for form_name in metric_names.written_forms(form)
        ):
            if other != name.metric and _BASE.match(other):
                yield Variant(other, Rescorer(name._replace(metric=other), options))
    if name.metric == "exact_match":
        scorer = Rescorer(name, options)
        for what, normalise in _COMPARISONS.items():
            yield Variant(what, _Comparison(scorer, normalise))


class _Comparison:
    """A scorer of answers that are correct if they equal a reference after normalisation."""

    def __init__(self, scorer: Rescorer, normalise: Callable[[str], str]) -> None:
        self._scorer, self._normalise = scorer, normalise

    def __call__(self, items: Sequence[Placed]) -> Measured:
        measured = self._scorer(items)
        rows = measured.rows.copy()
        for at in np.flatnonzero(measured.measured).tolist():
            rows[at, 0] = self._is_correct(items[at])
        return measured._replace(rows=rows)

    def _is_correct(self, item: Placed) -> bool:
        target = item.prediction.target
        references = [target] if isinstance(target, str) else list(map(str, target))
        answer = self._normalise(str(item.prediction.value))
        return answer in map(self._normalise, references)


_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _without_punctuation(text: str) -> str:
    return text.lower().translate(_PUNCTUATION)


_COMPARISONS: dict[str, Callable[[str], str]] = {
    "without normalisation": str,
    "spaces at the ends ignored": str.strip,
    "case ignored": str.lower,
    "case and spaces at the ends ignored": lambda text: text.lower().strip(),
    "case and ASCII punctuation ignored": _without_punctuation,
}


def reproduced(values: Floats | None, scores: Floats) -> NDArray[np.bool_]:
    """Return a mask [n] of the samples with a computed value that equals the score in their file.

    A score may be rounded. NaN equals nothing.
    """
    if values is None:
        return np.zeros(len(scores), np.bool_)
    with np.errstate(invalid="ignore"):
        equal = np.abs(values - scores) <= _TOLERANCE
        for decimals in _ROUNDED:
            is_rounded = np.abs(np.round(scores, decimals) - scores) <= 1e-12
            equal |= is_rounded & (np.abs(values - scores) <= 0.5 * 10.0**-decimals + 1e-12)
    return equal


def reproducing_variant(
    own: NDArray[np.bool_], others: Sequence[tuple[Variant, NDArray[np.bool_]]]
) -> tuple[Variant, NDArray[np.bool_]] | None:
    """Return the variant that reproduces their scores clearly better than our normalisation.

    `own` and the masks in `others` [n] mark the samples with a reproduced score. A variant is
    clearly better if it reproduces every score that ours reproduces, and at least half of the
    others. Return None if no variant is.
    """
    missing = int((~own).sum())
    better = [
        (variant, mask)
        for variant, mask in others
        if not (own & ~mask).any() and missing and 2 * int((mask & ~own).sum()) >= missing
    ]
    return max(better, key=lambda one: int(one[1].sum()), default=None)
