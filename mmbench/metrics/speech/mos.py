"""Metrics of opinion scores: mean human ratings, and the agreement of a predictor with them.

The target of a prediction is a list of [rater, rating], and its value is a predicted rating. For
`dnsmos`, the value is the audio, from which the predictor computes the rating.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from mmbench.errors import DataError
from mmbench.metrics.speech import dnsmos as predictor
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.stats.bootstrap import constant, expanded_percentile
from mmbench.stats.crossed import crossed_interval
from mmbench.stats.families.ratings import system_means
from mmbench.stats.resampler import Resampler
from mmbench.text import count
from mmbench.types import Media, Prediction, Score

_RATING = "rating=mean-over-raters"
_KINDS = {"rating"}


@declare(unit="rating", better="higher", kinds={"speaking", "rating"}, needs=predictor.NEEDED)
def dnsmos(predictions: Sequence[Prediction], head: str) -> Score:
    """Mean opinion score of speech, predicted by DNSMOS, averaged over clips. About 1 to 5.

    Higher is better. `head` selects the score: ovrl (overall), sig (speech) or bak (background) of
    DNSMOS P.835, or p808 (overall) of DNSMOS P.808. The audio is the value of a prediction, or the
    input `audio` of the sample if there is no value. It is decoded as mono at 16 kHz. A clip under
    9.01 seconds is repeated until it has this length; a longer clip is scored by the mean over
    windows that begin one second apart. A row is a clip. Scores are not clipped to [1, 5], so the
    range is unbounded.

    Raises MissingExtra if speechmos is not installed, DataError for a prediction without audio, and
    SampleError, naming the sample, for audio that cannot be decoded.
    Source: Reddy et al. 2021 and 2022, arXiv 2010.15258 and 2110.01763; the package speechmos with
    Microsoft's own models.
    """
    signature = f"predictor=DNSMOS,head={head},{predictor.package_signature()},sound=mono-16kHz"
    rows = [predictor.heads(_audio(p), p.id)[head] for p in predictions]
    return score(rows, signature=signature)


def _audio(prediction: Prediction) -> Media:
    value = prediction.value
    audio = prediction.inputs.get("audio") if value is None else value
    if isinstance(audio, Media) and audio.modality == "audio":
        return audio
    raise DataError(f"sample {prediction.id} has no audio; dnsmos needs it as output or input")


@declare(unit="rating", better="higher", kinds=_KINDS)
def mos(predictions: Sequence[Prediction]) -> Score:
    """Mean opinion score of human ratings: the mean over items of each item's mean rating.

    The range is the range of the rating scale (1 to 5 for ITU-T P.800); higher is better. A row is
    the mean rating of an item. The interval is over raters and items (`mmbench.stats.crossed`).
    Source: ITU-T P.800.1 (2016), MOS.
    """
    rows = [_mean_rating(p) for p in predictions]
    signature = f"{_RATING},average=over-items,interval=raters-x-items"
    scored = score(rows, signature=signature, reason=_missing_reason(np.array(rows), "ratings"))
    pairs = [(p.id, str(rater), float(rating)) for p in predictions for rater, rating in p.target]
    return replace(scored, interval=None if math.isnan(scored.value) else crossed_interval(pairs))


@declare(unit="correlation", better="higher", worst=-1, best=1, kinds=_KINDS)
def mos_lcc(predictions: Sequence[Prediction], level: str) -> Score:
    """Linear (Pearson) correlation of a predictor with the mean ratings, of items or of systems.

    Range [-1, 1], higher is better. The level `utterance` correlates items, and rows are
    [predicted, mean rating]. The level `system` correlates the means of systems; a system is all
    items with the same value of the tag `system`. Rows then have the number of the system as third
    column, and the interval is over systems. NaN, with a reason, for fewer than two points and for
    constant values. Raises DataError for an item without a system.

    Source: LCC of the VoiceMOS Challenge 2022, arXiv 2203.11389.
    """
    return _agreement(predictions, level, "pearson")


@declare(unit="correlation", better="higher", worst=-1, best=1, kinds=_KINDS)
def mos_srcc(predictions: Sequence[Prediction], level: str) -> Score:
    """Rank (Spearman) correlation of a predictor with the mean ratings. Range [-1, 1].

    Higher is better. Equal values share the mean of their ranks. Rows, levels and NaN are the same
    as for `mos_lcc`. Source: SRCC of the VoiceMOS Challenge 2022, arXiv 2203.11389.
    """
    return _agreement(predictions, level, "spearman")


@declare(unit="correlation", better="higher", worst=-1, best=1, kinds=_KINDS)
def mos_ktau(predictions: Sequence[Prediction], level: str) -> Score:
    """Kendall's tau-b of a predictor with the mean ratings. Range [-1, 1], higher is better.

    Rows, levels and NaN are the same as for `mos_lcc`. Source: KTAU of the VoiceMOS Challenge 2022,
    arXiv 2203.11389 (scipy.stats.kendalltau, which is tau-b).
    """
    return _agreement(predictions, level, "kendall")


@declare(unit="squared rating", better="lower", best=0, kinds=_KINDS)
def mos_mse(predictions: Sequence[Prediction], level: str) -> Score:
    """Mean squared error of a predictor, over items or systems. Range [0, ∞), lower is better.

    With the level `utterance`, rows are the squared differences of items. With `system`, the mean
    is over the squared differences of system means, and rows are the same as for `mos_lcc`. Source:
    MSE of the VoiceMOS Challenge 2022, arXiv 2203.11389.
    """
    if level == "system":
        return _system_score(predictions, "mse", "mean")
    pairs = _pairs(predictions)
    rows = (pairs[:, 0] - pairs[:, 1]) ** 2
    reason = _missing_reason(rows, "prediction or ratings")
    return score(rows, signature=f"level=utterance,{_RATING}", reason=reason)


def _agreement(predictions: Sequence[Prediction], level: str, fold_name: str) -> Score:
    if level == "system":
        return _system_score(predictions, fold_name, fold_name)
    rows = _pairs(predictions)
    signature = f"level=utterance,{_RATING}"
    scored = score(rows, fold_name=fold_name, signature=signature)
    return replace(scored, reason=_nan_reason(scored, "items"))


def _system_score(predictions: Sequence[Prediction], name: str, inner: str) -> Score:
    """Return the Score of a metric over systems; the fold `inner` is applied to system means.

    The samples of its interval are the systems.
    """
    systems = [_system(p) for p in predictions]
    numbers = {system: number for number, system in enumerate(sorted(set(systems)))}
    rows = np.column_stack([_pairs(predictions), [numbers[system] for system in systems]])
    scored = score(
        rows,
        fold_name=f"{name}@system",
        signature=f"level=system,{_RATING},system=mean-over-items",
    )
    if math.isnan(scored.value):
        return replace(scored, reason=_nan_reason(scored, "systems"))
    means = system_means(rows, np.ones((1, len(rows))))[0]
    points = (means[:, :1] - means[:, 1:]) ** 2 if name == "mse" else means
    resampled = Resampler(sorted(numbers)).values([(inner, points)])[0]
    interval = None if constant(resampled) else expanded_percentile(resampled, len(numbers))
    return replace(scored, interval=interval)


def _pairs(predictions: Sequence[Prediction]) -> NDArray[np.float64]:
    """Return the predicted and the mean human rating of each item [n, 2]; NaN if one is missing."""
    predicted = [math.nan if p.value is None else float(p.value) for p in predictions]
    return np.column_stack([predicted, [_mean_rating(p) for p in predictions]]).astype(np.float64)


def _mean_rating(prediction: Prediction) -> float:
    ratings = [float(rating) for _, rating in prediction.target]
    return math.fsum(ratings) / len(ratings) if ratings else math.nan


def _system(prediction: Prediction) -> str:
    if "system" in prediction.tags:
        return prediction.tags["system"]
    raise DataError(
        f"sample {prediction.id} has no tag `system`; add a column system to the ratings, or use"
        " the level utterance"
    )


def _missing_reason(rows: NDArray[np.float64], what: str) -> str:
    missing = int(np.isnan(rows).any(axis=tuple(range(1, rows.ndim))).sum())
    return f"{count(missing, 'item')} without {what}" if missing else ""


def _nan_reason(scored: Score, points: str) -> str:
    if not math.isnan(scored.value) or not len(scored.rows):
        return ""
    missing = _missing_reason(scored.rows, "prediction or ratings")
    return missing or f"a correlation needs at least two {points} with different values"
