"""Conformance cases of composed queries: the protocol of CIRR, written out naively."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, measured
from mmbench.datasets import RetrievalData
from mmbench.kinds.retrieval import Retrieval
from mmbench.kinds.retrieval.options import RetrievalOptions
from mmbench.types import Array, Prediction, Sample, TaskSpec, VectorOutputs

_QUERIES, _IMAGES, _MEMBERS, _WIDTH = 200, 300, 6, 8
_METRICS = ("recall@10", "recall_subset@1", "recall_subset@2", "recall_subset@3")
_TASK = TaskSpec(
    name="composed queries",
    kind="retrieval",
    data={"source": "cirr"},
    fields={"query": "image", "query_text": "text", "corpus": "image"},
    metrics=list(_METRICS),
    headline="recall@10",
    options=RetrievalOptions(directions="query-to-corpus"),
)


class _Generated(NamedTuple):
    """Unit vectors of texts [q, d] and images [m, d], and the set of images of each query [q, 6].

    The first image of a set is that of the query, the second the one to be found.
    """

    texts: Array
    images: Array
    sets: list[list[int]]


@cache
def _generated() -> _Generated:
    rng = np.random.default_rng(43)
    texts, images = (rng.normal(size=(n, _WIDTH)) for n in (_QUERIES, _IMAGES))
    sets = [rng.choice(_IMAGES, _MEMBERS, replace=False).tolist() for _ in range(_QUERIES)]
    unit = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (texts, images))
    texts, images = (one.astype(np.float32) for one in unit)
    return _Generated(texts, images, sets)


@cache
def _predictions() -> list[Prediction]:
    texts, images, sets = _generated()
    data = RetrievalData(
        [Sample(f"q{row}", {}) for row in range(_QUERIES)],
        [Sample(f"d{row}", {}) for row in range(_IMAGES)],
        {f"q{row}": {f"d{one[1]}": 1.0} for row, one in enumerate(sets)},
        excluded={f"q{row}": [f"d{one[0]}"] for row, one in enumerate(sets)},
        subsets={f"q{row}": [f"d{at}" for at in one] for row, one in enumerate(sets)},
    )
    named = {"query": images[[one[0] for one in sets]], "query_text": texts, "corpus": images}
    responses = {name: VectorOutputs(one, {}) for name, one in named.items()}
    (found,) = Retrieval(_TASK).predictions(data, responses).directions[""]
    return list(found)


def _hit(text: Array, images: Array, members: list[int], subset: bool, k: int) -> bool:
    """Sort all images, remove that of the query, and look for the target among the first k."""
    own, target, *_ = members
    total = images[own].astype(np.float64) + text
    order = np.argsort(-(images.astype(np.float64) @ total)).tolist()
    order = [at for at in order if at != own and (at in members or not subset)]
    return target in order[:k]


def _compare(metric: str, _: Path) -> LargestDifference:
    texts, images, sets = _generated()
    subset, k = metric.startswith("recall_subset"), int(metric.partition("@")[2])
    expected = [
        _hit(text, images, members, subset, k) for text, members in zip(texts, sets, strict=True)
    ]
    ours = measured(metric, _predictions()).rows[:, 0]
    return LargestDifference(
        max_difference(ours, np.array(expected, np.float64)),
        f"generated: {_QUERIES} queries with an image and a text, {_IMAGES} images",
    )


CASES = [Case(metric, DEFINITION, partial(_compare, metric)) for metric in _METRICS]
