"""Conformance cases of BERTScore and FENSE on random vectors: definitions, and bert-score."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.conformance.case import (
    DEFINITION,
    Case,
    LargestDifference,
    max_difference,
    measured,
)
from mmbench.conformance.packages import library
from mmbench.metric_names import metric
from mmbench.metrics.captions.semantic.spider_fl import penalised_spider
from mmbench.models.texts.matching import match
from mmbench.types import Array, Features, MatchRequest, Prediction

_MEASURES = ("bertscore_precision", "bertscore_recall", "bertscore_f1")
_FENSE = ("sbert_sim", "fense", "fluency_error_rate")
_BASELINE = (0.1, 0.2, 0.3)
_N = 200
_START, _END = 0, 1  # ids of the tokens around a text


class _Texts(NamedTuple):
    """Random texts: their token ids and vectors by name, and captions with their references."""

    ids: dict[str, list[int]]
    vectors: dict[str, Array]
    pairs: list[tuple[str, tuple[str, ...]]]

    def features(self) -> list[Features]:
        """Return what the text encoder returns for each caption."""
        import torch

        tensors = {name: torch.from_numpy(one) for name, one in self.vectors.items()}
        requests = [MatchRequest(text, references) for text, references in self.pairs]
        return [{"matches": [match(one, self.ids, tensors, (_START, _END))]} for one in requests]


def _texts() -> _Texts:
    """Return captions of up to 11 tokens, some of them empty, with 1 to 5 references each."""
    draws = np.random.default_rng(25)
    counts = draws.integers(1, 6, _N)
    pairs = [(f"{i}", tuple(f"{i}:{k}" for k in range(n))) for i, n in enumerate(counts)]
    names = [name for text, references in pairs for name in (text, *references)]
    ids = {
        name: [_START, *draws.integers(2, 40, draws.integers(0, 12)).tolist(), _END]
        for name in names
    }
    mean = draws.normal(size=8)  # so that cosines are mostly positive, as those of models
    vectors = {name: _unit(mean + draws.normal(size=(len(ids[name]), 8))) for name in names}
    return _Texts(ids, vectors, pairs)


def _unit(vectors: NDArray[np.floating]) -> Array:
    unit: Array = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _weights(texts: _Texts, *, idf: bool) -> Mapping[int, float]:
    """Return the weight of each token id; the document frequencies are those of references."""
    every = {token for ids in texts.ids.values() for token in ids}
    references = [texts.ids[name] for _, names in texts.pairs for name in names]
    counts = Counter(token for ids in references for token in set(ids))
    if not idf:
        return {token: float(token not in (_START, _END)) for token in every}
    return {token: math.log((len(references) + 1) / (counts[token] + 1)) for token in every}


def _defined(texts: _Texts, *, idf: bool) -> list[list[tuple[float, float, float]]]:
    """Return precision, recall and F1 of each caption with each of its references."""
    weights = _weights(texts, idf=idf)

    def mean(name: str, other: str) -> float:
        own = [weights[token] for token in texts.ids[name]]
        best = [
            max(sum(float(a) * float(b) for a, b in zip(x, y, strict=True)) for y in others)
            for others in [texts.vectors[other]]
            for x in texts.vectors[name]
        ]
        total = sum(w * b for w, b in zip(own, best, strict=True))
        return total / sum(own) if sum(own) else 0.0

    def triple(text: str, reference: str) -> tuple[float, float, float]:
        if min(len(texts.ids[text]), len(texts.ids[reference])) == 2:
            return 0.0, 0.0, 0.0
        p, r = mean(text, reference), mean(reference, text)
        return p, r, 2 * p * r / (p + r) if p * r > 0 else 0.0

    return [[triple(text, one) for one in references] for text, references in texts.pairs]


def _official(texts: _Texts, *, idf: bool) -> list[list[tuple[float, float, float]]]:
    """Return the same from `greedy_cos_idf` of bert-score, one pair at a time."""
    import torch

    utils = library("bert_score.utils")
    references = [texts.ids[name] for _, names in texts.pairs for name in names]
    weights = utils.get_idf_dict(references, None, 0) if idf else _weights(texts, idf=False)

    def part(name: str) -> tuple[object, object, object]:
        ids = texts.ids[name]
        own = torch.tensor([[float(weights[token]) for token in ids]])
        return torch.from_numpy(texts.vectors[name].copy())[None], torch.ones(1, len(ids)), own

    def triple(text: str, reference: str) -> tuple[float, float, float]:
        p, r, f1 = utils.greedy_cos_idf(*part(reference), *part(text))
        return float(p), float(r), float(f1)

    return [[triple(text, one) for one in references] for text, references in texts.pairs]


def _bertscore(source: str, column: int, _: Path) -> LargestDifference:
    """Compare a measure with and without IDF and baseline; `source` is `definition` or `package`.

    The baseline is subtracted after the best reference is chosen, as in `bert_score.score`.
    """
    texts = _texts()
    features = texts.features()
    function, _argument = metric(_MEASURES[column])
    differences = []
    for idf in (False, True):
        triples = (_official if source == "package" else _defined)(texts, idf=idf)
        best = np.array([max(one[column] for one in each) for each in triples])
        for base in (0.0, _BASELINE[column]):
            options = {"idf": idf, "baseline": list(_BASELINE) if base else None}
            score = function([], features=features, options=options)
            differences.append(max_difference(score.rows[:, 0], (best - base) / (1 - base)))
    return LargestDifference(
        max(differences), f"generated: {_N} texts, 1 to 5 references, with and without idf"
    )


def _sentences() -> list[Features]:
    """Return random vectors of sentences and probabilities of errors."""
    draws = np.random.default_rng(26)
    return [
        {
            "caption": _unit(draws.normal(size=(1, 4))),
            "references": _unit(draws.normal(size=(count, 4))),
            "errors": draws.beta(0.3, 0.3, size=(1, 6)).astype(np.float32),
        }
        for count in draws.integers(1, 6, _N)
    ]


def _fense(name: str, _: Path) -> LargestDifference:
    features = _sentences()
    ours = measured(name, [Prediction(str(i)) for i in range(_N)], features).value
    theirs = sum(_value(name, row) for row in features) / _N
    inputs = f"generated: {_N} vectors and probabilities, 1 to 5 references"
    return LargestDifference(max_difference(ours, theirs), inputs)


def _spider_fl(_: Path) -> LargestDifference:
    """Compare the combination of CIDEr-D, SPICE and penalty; the jar of SPICE is not run."""
    features = _sentences()
    ciders, spices = np.random.default_rng(27).uniform(size=(2, _N))
    ours = penalised_spider(ciders, spices, features)
    theirs = [
        (float(cider) + float(spice)) / 2 * (1 - 0.9 * _value("fluency_error_rate", row))
        for cider, spice, row in zip(ciders, spices, features, strict=True)
    ]
    inputs = f"generated: CIDEr-D, SPICE and probabilities of {_N} captions"
    return LargestDifference(max_difference(ours, theirs), inputs)


def _value(name: str, row: Features) -> float:
    has_error = float(row["errors"][0][5]) > 0.9
    if name == "fluency_error_rate":
        return float(has_error)
    cosines = [_dot(row["caption"][0], other) for other in row["references"]]
    similarity = sum(cosines) / len(cosines)
    return similarity * (1 - 0.9) if name == "fense" and has_error else similarity


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(float(a) * float(b) for a, b in zip(one, other, strict=True))


_CLOSE = 2e-6  # cosines are float32

CASES = [
    *(
        Case(name, DEFINITION, partial(_bertscore, "definition", column), _CLOSE)
        for column, name in enumerate(_MEASURES)
    ),
    *(
        Case(
            name,
            "greedy_cos_idf",
            partial(_bertscore, "package", column),
            _CLOSE,
            package="bert-score",
        )
        for column, name in enumerate(_MEASURES)
    ),
    *(Case(name, DEFINITION, partial(_fense, name)) for name in _FENSE),
    Case("spider_fl", DEFINITION, _spider_fl),
]
