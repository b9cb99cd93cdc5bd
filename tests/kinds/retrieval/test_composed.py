"""Composed queries, excluded documents and subsets: against the protocol of CIRR, written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmbench.conformance.case import value
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, SpecError
from mmbench.kinds.retrieval import Retrieval
from mmbench.kinds.retrieval.options import RetrievalOptions
from mmbench.types import Media, Outputs, Sample, TaskSpec, VectorOutputs

FIELDS = {"query": "image", "query_text": "text", "corpus": "image"}
ONE_WAY: dict[str, Any] = {"directions": "query-to-corpus"}
N, M, D = 30, 40, 6


def kind(fields: dict[str, str] = FIELDS, **options: Any) -> Retrieval:
    chosen = RetrievalOptions(**(ONE_WAY | options))
    metrics = ["recall@1"]
    return Retrieval(
        TaskSpec("t", "retrieval", {"source": "x"}, fields, metrics, metrics[0], options=chosen)
    )


def image(name: str) -> dict[str, Any]:
    return {"image": Media("image", f"{name}.png")}


def generated(seed: int = 0) -> tuple[RetrievalData, dict[str, VectorOutputs]]:
    """Return queries about random documents, each with a set of six, and their vectors."""
    rng = np.random.default_rng(seed)
    corpus = [Sample(f"d{i}", image(f"d{i}")) for i in range(M)]
    sets = [rng.choice(M, 6, replace=False).tolist() for _ in range(N)]
    queries = [
        Sample(f"q{i}", {**image(f"d{one[0]}"), "text": f"t{i}"}) for i, one in enumerate(sets)
    ]
    data = RetrievalData(
        queries,
        corpus,
        {f"q{i}": {f"d{one[1]}": 1.0} for i, one in enumerate(sets)},
        excluded={f"q{i}": [f"d{one[0]}"] for i, one in enumerate(sets)},
        subsets={f"q{i}": [f"d{d}" for d in one] for i, one in enumerate(sets)},
    )
    vectors = rng.normal(size=(M, D)), rng.normal(size=(N, D))
    docs, texts = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in vectors)
    own = docs[[one[0] for one in sets]]
    named = {"query": own, "query_text": texts, "corpus": docs}
    return data, {n: VectorOutputs(v.astype(np.float32), {}) for n, v in named.items()}


def official(data: RetrievalData, responses: dict[str, VectorOutputs]) -> dict[str, float]:
    """compute_cirr_val_metrics of CLIP4Cir with vectors of length 1, in loops and lists."""
    total = responses["query"].vectors.astype(float) + responses["query_text"].vectors
    total /= np.linalg.norm(total, axis=1, keepdims=True)
    scores = total @ responses["corpus"].vectors.astype(float).T
    ranks, subset_ranks = [], []
    for query, row in zip(data.queries, scores, strict=True):
        (target,), (reference,) = data.links[query.id], data.excluded[query.id]
        names = [data.corpus[at].id for at in np.argsort(-row)]
        names.remove(reference)
        ranks.append(names.index(target) + 1)
        members = [name for name in names if name in data.subsets[query.id]]
        subset_ranks.append(members.index(target) + 1)
    return {
        **{f"recall@{k}": float(np.mean(np.array(ranks) <= k)) for k in (1, 5, 10)},
        **{f"recall_subset@{k}": float(np.mean(np.array(subset_ranks) <= k)) for k in (1, 2, 3)},
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_protocol_of_cirr(seed: int) -> None:
    data, responses = generated(seed)
    (found,) = kind().predictions(data, responses).directions[""]
    for metric, expected in official(data, responses).items():
        assert value(metric, list(found)) == pytest.approx(expected), metric
    assert all(p.value.size == M - 1 for p in found)
    assert all(data.excluded[p.id][0] not in p.value.top for p in found)


def test_listed_documents_give_the_same_ranks() -> None:
    data, responses = generated()
    scores = responses["query"].vectors @ responses["corpus"].vectors.T
    lists = {
        query.id: [data.corpus[at].id for at in np.argsort(-row)]
        for query, row in zip(data.queries, scores, strict=True)
    }
    outputs = Outputs(values=lists)
    del responses["query_text"]
    (ours,) = kind(compose="image").predictions(data, responses).directions[""]
    (theirs,) = kind().accept(*data.match(outputs)).directions[""]
    assert [p.value.ranks for p in ours] == [p.value.ranks for p in theirs]
    assert [p.value.subset for p in ours] == [p.value.subset for p in theirs]


def test_a_failed_content_fails_the_query() -> None:
    data, responses = generated()
    responses["query_text"] = VectorOutputs(responses["query_text"].vectors, {2: "too long"})
    predictions = kind().predictions(data, responses)
    assert predictions.failures == [("q2", "too long")]


def test_opposite_vectors_have_no_sum() -> None:
    data, responses = generated()
    texts = responses["query_text"].vectors.copy()
    texts[3] = -responses["query"].vectors[3]
    responses["query_text"] = VectorOutputs(texts, {})
    ((ident, reason),) = kind().predictions(data, responses).failures
    assert (ident, reason[:28]) == ("q3", "the vectors of image and tex")


@pytest.mark.parametrize(
    ("compose", "requests"),
    [
        ("sum", {"query": "image", "query_text": "text", "corpus": "image"}),
        ("image", {"query": "image", "corpus": "image"}),
        ("text", {"query": "text", "corpus": "image"}),
    ],
)
def test_what_is_embedded(compose: str, requests: dict[str, str]) -> None:
    data, _ = generated()
    made = kind(compose=compose).requests(data, 0)
    assert {name: batch.modality for name, batch in made.items()} == requests
    assert f"compose={compose}" in kind(compose=compose).signature(data)


@pytest.mark.parametrize("name", Retrieval.baselines)
def test_baselines_follow_the_protocol(name: str) -> None:
    data, _ = generated()
    (found,) = kind().baseline(name, data, 0).directions[""]
    scores = {m: value(m, list(found)) for m in ("recall@1", "recall_subset@1")}
    if name == "oracle":
        assert scores == {"recall@1": 1, "recall_subset@1": 1}
    elif name == "empty":
        assert scores == {"recall@1": 0, "recall_subset@1": 0}
    else:
        assert scores["recall_subset@1"] < 0.5


def test_an_index_counts_what_it_returns() -> None:
    data, responses = generated()
    (exact,) = kind().predictions(data, responses).directions[""]
    (found,) = kind(index="Flat").predictions(data, responses).directions[""]
    pairs = [(p.value, q.value) for p, q in zip(exact, found, strict=True)]
    assert all(q.ranks in (p.ranks, [None]) for p, q in pairs)


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        (FIELDS, {"directions": "both"}, "composed queries are searched in one direction"),
        ({"query": "text", "corpus": "image"}, {"compose": "text"}, "`compose` is for composed"),
        ({"query": "text", "text": "x", "corpus": "image"}, {}, "must be query and corpus"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    fields: dict[str, str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        kind(fields, **options)


def test_excluded_documents_need_one_direction() -> None:
    data, _ = generated()
    with pytest.raises(DataError, match="in one direction and one split"):
        kind({"query": "text", "corpus": "image"}, directions="both").check(data)


def test_tasks_without_subsets_have_no_subset_recall() -> None:
    data, responses = generated()
    plain = RetrievalData(data.queries, data.corpus, data.links)
    (found,) = kind().predictions(plain, responses).directions[""]
    assert np.isnan(value("recall_subset@1", list(found)))
    assert all(p.value.size == M for p in found)
