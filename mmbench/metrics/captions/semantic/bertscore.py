"""BERTScore: greedy matching of the tokens of a caption and its references by cosine.

The model, by default RoBERTa large, returns the best cosine of every token; the metric weights
tokens, takes the best reference, and rescales.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.captions.semantic.baselines import BertScoreOptions, check, read_options
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import (
    FeatureRequest,
    Features,
    InvalidContent,
    MatchRequest,
    Prediction,
    Score,
    TokenMatches,
)

Weights = Callable[[NDArray[np.int32]], NDArray[np.float64]]


def _match_request(prediction: Prediction) -> dict[str, list[MatchRequest | InvalidContent]]:
    references = prediction.target
    if not isinstance(references, list | tuple) or not references:
        none = InvalidContent("no reference captions to compare the caption with")
        return {"matches": [none]}
    return {"matches": [MatchRequest(str(prediction.value), tuple(map(str, references)))]}


_declared = partial(
    declare,
    unit="score",
    better="higher",
    best=1,
    kinds={"writing"},
    wants=FeatureRequest(
        _match_request,
        {"matches": ("text", "document")},
        method="match_tokens",
        model="text-encoder@FacebookAI/roberta-large",
        options={"layer": 17},
        model_options=("layer",),
    ),
    check_options=check,
)


@_declared()
def bertscore_precision(
    predictions: Sequence[Prediction],  # noqa: ARG001
    *,
    features: Sequence[Features],
    options: Mapping[str, object] | None = None,
) -> Score:
    """BERTScore precision: the weighted mean of the best cosines of the caption's tokens.

    A caption has the value of its best reference; captions are averaged. Higher is better. Model
    and options are those of `bertscore_f1`.
    Source: Zhang et al. 2020, arXiv 1904.09675; bert-score 0.3.13 `greedy_cos_idf`.
    """
    return _score(features, options, 0)


@_declared()
def bertscore_recall(
    predictions: Sequence[Prediction],  # noqa: ARG001
    *,
    features: Sequence[Features],
    options: Mapping[str, object] | None = None,
) -> Score:
    """BERTScore recall: the weighted mean of the best cosines of a reference's tokens.

    A caption has the value of its best reference; captions are averaged. Higher is better. Model
    and options are those of `bertscore_f1`.
    Source: Zhang et al. 2020, arXiv 1904.09675; bert-score 0.3.13 `greedy_cos_idf`.
    """
    return _score(features, options, 1)


@_declared()
def bertscore_f1(
    predictions: Sequence[Prediction],  # noqa: ARG001
    *,
    features: Sequence[Features],
    options: Mapping[str, object] | None = None,
) -> Score:
    """BERTScore F1: the harmonic mean of precision and recall for the best reference, averaged.

    The model is the output of layer 17 of RoBERTa large, which bert-score selects for English;
    `bertscore_f1@text-encoder@MODEL` uses another encoder. Feature: `matches`, one TokenMatches.
    Start, separator and end tokens have no weight. An empty caption or reference has the value 0.
    Higher is better, at most 1. Values of this model are mostly above 0.8; rescaled, they may be
    negative. Two values are 0 here and unbounded or NaN in bert-score: F1 if precision and recall
    have different signs, and precision if no token of the caption has a weight.

    Options: `layer` is the number of layers of the encoder that are used. With `idf: true`, the
    weight of a token is log((N + 1) / (n + 1)), where n of all N references contain it; the default
    is 1. `baseline` is the value b that is rescaled to 0, (x - b) / (1 - b): three numbers for
    precision, recall and F1; a file with the columns LAYER,P,R,F; or `bert-score:en/roberta-large`
    for a file of the installed package.
    Source: Zhang et al. 2020, arXiv 1904.09675; bert-score 0.3.13 `greedy_cos_idf`, `score`.
    """
    return _score(features, options, 2)


def _score(
    features: Sequence[Features], options: Mapping[str, object] | None, measure: int
) -> Score:
    """Return the score of a measure: 0 for precision, 1 for recall, 2 for F1."""
    settings = read_options(options or {})
    matches = [one["matches"][0] for one in features]
    weights = _idf(matches) if settings.idf else _ones
    best = [_pairs(one, weights).max(axis=0)[measure] for one in matches]
    rows, baseline = np.array(best, np.float64), settings.baseline_of(measure)
    return score((rows - baseline) / (1 - baseline), signature=_signature(settings, baseline))


def _signature(settings: BertScoreOptions, baseline: float) -> str:
    rescaled = f"{baseline:.8g}" if settings.baseline is not None else "none"
    return f"references=max,idf={'yes' if settings.idf else 'no'},baseline={rescaled}"


def _pairs(matches: TokenMatches, weights: Weights) -> NDArray[np.float64]:
    """Return precision, recall and F1 of a text with each of its k references [k, 3]."""
    own = weights(matches.text)
    columns = zip(matches.references, matches.text_best, matches.reference_best, strict=True)
    rows = [
        (_mean(text_best, own), _mean(reference_best, weights(reference)))
        if (matches.text >= 0).any() and (reference >= 0).any()
        else (0.0, 0.0)
        for reference, text_best, reference_best in columns
    ]
    return np.array([(p, r, 2 * p * r / (p + r) if p * r > 0 else 0.0) for p, r in rows])


def _mean(cosines: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
    total = weights.sum()
    return float(cosines @ weights / total) if total else 0.0


def _ones(ids: NDArray[np.int32]) -> NDArray[np.float64]:
    return (ids >= 0).astype(np.float64)


def _idf(matches: Sequence[TokenMatches]) -> Weights:
    """Return the inverse document frequencies of tokens over all references.

    A reference counts as often as it occurs.
    """
    references = [np.unique(one) for each in matches for one in each.references]
    largest = max((int(one.max(initial=-1)) for one in references), default=-1)
    largest = max(largest, *(int(one.text.max(initial=-1)) for one in matches), -1)
    counts = np.zeros(largest + 2)  # the last is that of -1
    for one in references:
        counts[one] += 1
    table = np.log((len(references) + 1) / (counts + 1))
    table[-1] = 0
    return table.__getitem__
