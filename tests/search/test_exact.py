"""Exact ranks against sorting, and what the definition promises of ties, order and blocks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import DataError
from mmbench.search import positive_ranks, positive_ranks_both, top
from tests.support.rankings import (
    as_lists,
    naive_order,
    naive_ranks,
    order_key,
    transposed,
    unit_vectors,
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[list[int]]]:
    """Small integers: every product is exact, many are equal, many vectors are duplicates."""
    n, m, d = draw(st.integers(1, 60)), draw(st.integers(1, 60)), draw(st.integers(1, 4))
    draws = np.random.default_rng(draw(st.integers(0, 2**32)))
    queries, corpus = (draws.integers(-2, 3, (k, d)).astype(np.float32) for k in (n, m))
    for side in (queries, corpus):
        side[~side.any(axis=1)] = 1
    most = draw(st.integers(0, min(m, 4)))
    sizes = draws.integers(0, most + 1, n)
    return queries, corpus, [draws.choice(m, size, replace=False).tolist() for size in sizes]


@settings(max_examples=60)
@given(worlds())
def test_both_directions_against_sorting(
    world: tuple[np.ndarray, np.ndarray, list[list[int]]],
) -> None:
    queries, corpus, positives = world
    scores = queries @ corpus.T
    qids, dids = (
        [f"{k}{i * 31}" for i in range(len(v))] for k, v in (("q", queries), ("d", corpus))
    )
    forward, backward = positive_ranks_both(
        queries, corpus, positives, query_ids=qids, corpus_ids=dids
    )
    assert as_lists(forward) == naive_ranks(scores, positives, dids)
    assert as_lists(backward) == naive_ranks(scores.T, transposed(positives, len(corpus)), qids)
    assert as_lists(positive_ranks(queries, corpus, positives, corpus_ids=dids)) == as_lists(
        forward
    )


@settings(max_examples=30)
@given(worlds(), st.integers(1, 8))
def test_the_first_k_against_sorting(
    world: tuple[np.ndarray, np.ndarray, list[list[int]]], k: int
) -> None:
    queries, corpus, _ = world
    found = top(queries, corpus, k)
    assert found.shape == (len(queries), k)
    for row, best in zip((queries @ corpus.T).tolist(), found.tolist(), strict=True):
        order = [*map(int, naive_order({str(j): score for j, score in enumerate(row)}))]
        assert best == (order + [-1] * k)[:k]


def test_many_blocks_of_floats_against_one_product() -> None:
    # In float32 two ways of summing differ in the last bits, so ranks may differ where scores do.
    queries, corpus = unit_vectors(700, 40, 1), unit_vectors(9000, 40, 2)
    draws = np.random.default_rng(3)
    positives = [draws.choice(9000, 3, replace=False).tolist() for _ in range(700)]
    forward, backward = positive_ranks_both(queries, corpus, positives)
    scores = queries.astype(np.float64) @ corpus.astype(np.float64).T
    for row, own, ranks in zip(scores, positives, as_lists(forward), strict=True):
        exact = sorted(1 + int((row > row[j]).sum()) for j in own)
        assert np.abs(np.array(exact) - ranks).max() <= 1
    j = positives[5][0]
    askers = transposed(positives, 9000)[j]
    exact = sorted(1 + int((scores[:, j] > scores[i, j]).sum()) for i in askers)
    assert np.abs(np.array(exact) - backward[j]).max() <= 1


@pytest.mark.parametrize("d", [2, 7, 64, 100, 512])
def test_exact_duplicates_tie_wherever_they_stand(d: int) -> None:
    # Ranks of the copies of one document are consecutive, in the order of their hashes.
    queries, corpus = unit_vectors(300, d, 1), unit_vectors(6000, d, 2)
    copies = np.random.default_rng(4).choice(6000, 40, replace=False)
    corpus[copies] = corpus[copies[0]]
    ranks = positive_ranks(queries, corpus, [copies.tolist()] * 300)
    assert all((np.diff(r) == 1).all() for r in ranks)
    by_hash = sorted(copies.tolist(), key=lambda j: order_key(str(j)))
    firsts = positive_ranks(queries, corpus, [[by_hash[0]]] * 300)
    assert [r[0] for r in ranks] == [r[0] for r in firsts]


def test_a_constant_model_scores_chance() -> None:
    n = 2000
    ranks = np.concatenate(
        positive_ranks(*[np.ones((n, 8), np.float32)] * 2, [[i] for i in range(n)])
    )
    assert sorted(ranks) == list(range(1, n + 1))
    assert (ranks <= 100).mean() == 100 / n


def test_the_order_of_the_data_has_no_influence() -> None:
    draws = np.random.default_rng(0)
    queries = draws.integers(-2, 3, (50, 3)).astype(np.float32) + 0.5
    corpus = draws.integers(-2, 3, (400, 3)).astype(np.float32) + 0.5
    ids = [f"doc-{i}" for i in range(400)]
    shuffle = draws.permutation(400)
    place = np.argsort(shuffle)
    straight = positive_ranks(queries, corpus, [[i, i + 1] for i in range(50)], corpus_ids=ids)
    mixed = positive_ranks(
        queries,
        corpus[shuffle],
        [[int(place[i]), int(place[i + 1])] for i in range(50)],
        corpus_ids=[ids[i] for i in shuffle],
    )
    assert as_lists(straight) == as_lists(mixed)


def test_threads_have_no_influence_and_keep_their_number() -> None:
    draws = np.random.default_rng(0)
    sides = [draws.standard_normal((n, 64)).astype(np.float32) for n in (500, 3000)]
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            ways = positive_ranks_both(*sides, [[i, i + 7] for i in range(500)])
            found.append([as_lists(way) for way in ways])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_memory_mapped_sides(tmp_path: Path) -> None:
    queries, corpus, positives = (
        unit_vectors(60, 16, 1),
        unit_vectors(500, 16, 2),
        [[i] for i in range(60)],
    )
    mapped = np.memmap(tmp_path / "corpus", np.float32, "w+", shape=corpus.shape)
    mapped[:] = corpus
    plain = positive_ranks(queries, corpus, positives)
    assert as_lists(positive_ranks(queries, mapped, positives)) == as_lists(plain)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
@pytest.mark.parametrize("side", [0, 1])
def test_unfit_vectors_are_named(value: float, side: int) -> None:
    sides = [unit_vectors(30, 8, 1), unit_vectors(40, 8, 2)]
    sides[side][[3, 17]] = value
    name = ("query", "corpus")[side]
    with pytest.raises(
        DataError, match=f"2 of .* {name} vectors are NaN, infinite or zero.*'3', '17'"
    ):
        positive_ranks(*sides, [[0]] * 30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda q, c, p: (q.astype(np.float64), c, p), "float32"),
        (lambda q, c, p: (q[:, :, None], c, p), "shape"),
        (lambda q, c, p: (q[:, :4], c, p), "dimensions"),
        (lambda q, c, p: (q, c, p[:-1]), "lists of positives for"),
        (lambda q, c, p: (q, c, [[40], *p[1:]]), "40"),
        (lambda q, c, p: (q, c, [[-1], *p[1:]]), "-1"),
        (lambda q, c, p: (q, c, [[1, 1], *p[1:]]), "twice|once"),
    ],
)
def test_what_cannot_be_searched(change: object, message: str) -> None:
    case = (unit_vectors(5, 8, 1), unit_vectors(40, 8, 2), [[i] for i in range(5)])
    with pytest.raises(DataError, match=message):
        positive_ranks(*change(*case))  # type: ignore[operator]


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 5), (5, 0), (1, 1)])
def test_small_and_empty_sides(n: int, m: int) -> None:
    queries, corpus = np.ones((n, 3), np.float32), np.ones((m, 3), np.float32)
    positives = [[0] if m else [] for _ in range(n)]
    forward, backward = positive_ranks_both(queries, corpus, positives)
    assert [len(r) for r in forward] == [len(p) for p in positives]
    assert [len(r) for r in backward] == [len(p) for p in transposed(positives, m)]
