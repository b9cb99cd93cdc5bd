"""Blocks, waves and threads of the exact search: none of them has an influence on a rank."""

import threading

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench.search import blocks, positive_ranks, positive_ranks_both
from mmbench.search.blocks import Sweep, Tile
from mmbench.search.exact import search
from tests.support.rankings import as_lists, naive_order, naive_ranks, transposed

Links = list[list[int]]
USUAL = (blocks.ROWS, blocks.COLUMNS, blocks.WIDE, blocks.RUN)
SIZES = {"usual": USUAL, "tiny": (48, (48, 48), 1, 48), "uneven": (72, (48, 96), 3, 24)}


@pytest.fixture(params=SIZES)
def tiles(request, monkeypatch) -> str:
    """The usual blocks, and such small ones that every case has many."""
    for name, value in zip(("ROWS", "COLUMNS", "WIDE", "RUN"), SIZES[request.param], strict=True):
        monkeypatch.setattr(blocks, name, value)
    return request.param


def naive(queries: np.ndarray, corpus: np.ndarray, positives: Links) -> Links:
    """The definition, on dot products that float64 holds exactly or nearly so."""
    sides = queries.astype(float), corpus.astype(float)
    scores = [[np.dot(query, item) for item in sides[1]] for query in sides[0]]
    return naive_ranks(np.reshape(scores, (len(queries), len(corpus))), positives)


def few(draws: np.random.Generator, *shape: int) -> np.ndarray:
    """Small integers but 0: products are exact, ties abound."""
    return (draws.integers(1, 4, shape) * draws.choice([-1, 1], shape)).astype(np.float32)


@pytest.mark.parametrize(
    ("n", "m", "most"),
    [(1, 1, 1), (60, 130, 4), (130, 60, 4), (97, 305, 4), (1, 200, 9), (50, 50, 1), (90, 200, 25)],
)
def test_any_blocks_give_the_ranks_of_the_definition(n: int, m: int, most: int, tiles: str) -> None:
    draws = np.random.default_rng(n * m)
    queries, corpus = few(draws, n, 2), few(draws, m, 2)
    sizes = draws.integers(0, min(m, most) + 1, n)
    positives = [draws.choice(m, size, replace=False).tolist() for size in sizes]
    ours, theirs = positive_ranks_both(queries, corpus, positives)
    assert as_lists(ours) == naive(queries, corpus, positives)
    assert as_lists(theirs) == naive(corpus, queries, transposed(positives, m))


@pytest.mark.parametrize("many", [3, 9, 50, 400])
def test_a_query_with_many_positives_beside_queries_with_one(many: int, tiles: str) -> None:
    draws = np.random.default_rng(many)
    queries, corpus = few(draws, 60, 3), few(draws, 400, 3)
    positives = [[i] for i in range(60)]
    positives[17] = draws.permutation(400)[:many].tolist()
    ours, theirs = positive_ranks_both(queries, corpus, positives)
    assert as_lists(ours) == naive(queries, corpus, positives)
    assert as_lists(theirs) == naive(corpus, queries, transposed(positives, 400))


@pytest.mark.parametrize("k", [1, 3, 30, 200])
@pytest.mark.parametrize(("n", "m"), [(60, 130), (130, 60), (1, 97), (97, 1)])
def test_the_nearest_of_both_directions(n: int, m: int, k: int, tiles: str) -> None:
    draws = np.random.default_rng(n)
    queries, corpus = few(draws, n, 2), few(draws, m, 2)
    none = np.empty(0, np.int64)
    ways = search(queries, corpus, (none, none), both=True, top=k)
    for found, scores in zip(ways, (queries @ corpus.T, corpus @ queries.T), strict=True):
        for row, line in zip(found.top.tolist(), scores, strict=True):
            order = [*map(int, naive_order({str(i): score for i, score in enumerate(line)}))]
            assert row == (order + [-1] * k)[:k]


@pytest.mark.parametrize("d", [1, 7, 64, 100, 512, 768])
def test_equal_vectors_tie_in_every_place_of_every_block(d: int) -> None:
    """In several blocks, at their edges and beside padding: the order is that of the ids alone."""
    draws = np.random.default_rng(d)
    query, item = draws.standard_normal((2, 1, d), np.float32)
    queries, corpus = np.repeat(query, 700, 0), np.repeat(item, 6000, 0)
    rows = draws.permutation(6000)[:700]
    ours, theirs = search(queries, corpus, (np.arange(700), rows), both=True)
    for found, documents, asked in ((ours, 6000, rows.tolist()), (theirs, 700, range(700))):
        order = naive_order({str(row): 0.0 for row in range(documents)})
        assert found.ranks.tolist() == [order.index(str(row)) + 1 for row in asked]


def test_duplicates_among_other_floats(tiles: str) -> None:
    draws = np.random.default_rng(5)
    queries = draws.standard_normal((30, 48), np.float32)
    corpus = draws.standard_normal((1000, 48), np.float32)
    corpus[draws.permutation(1000)[:450]] = corpus[draws.integers(0, 40, 450)]
    positives = [draws.choice(1000, 4, replace=False).tolist() for _ in range(30)]
    assert as_lists(positive_ranks(queries, corpus, positives)) == naive(queries, corpus, positives)


def test_the_number_of_threads_is_left_alone_for_new_threads_too() -> None:
    draws = np.random.default_rng(2)
    queries, corpus = (draws.standard_normal((n, 40), np.float32) for n in (700, 3000))
    positives = [draws.choice(3000, 2, replace=False).tolist() for _ in range(700)]
    usual, found, elsewhere = torch.get_num_threads(), [], []
    try:
        for threads in (1, 2, 5, 20):
            torch.set_num_threads(threads)
            found.append([as_lists(way) for way in positive_ranks_both(queries, corpus, positives)])
            thread = threading.Thread(target=lambda: elsewhere.append(torch.get_num_threads()))
            thread.start()
            thread.join()
            assert (torch.get_num_threads(), elsewhere[-1]) == (threads, threads)
    finally:
        torch.set_num_threads(usual)
    assert all(other == found[0] for other in found)


def test_a_library_that_multiplies_small_blocks_in_another_way(monkeypatch) -> None:
    """What the tiles hold counts, not what was expected of them."""
    draws = np.random.default_rng(4)
    queries, corpus = (draws.standard_normal((n, 20), np.float32) for n in (80, 300))
    positives = [[i, i + 80] for i in range(80)]
    want = [as_lists(way) for way in positive_ranks_both(queries, corpus, positives)]
    true = Sweep.pair_scores
    monkeypatch.setattr(Sweep, "pair_scores", lambda *a: true(*a) + np.float32(0.5))
    assert [as_lists(way) for way in positive_ranks_both(queries, corpus, positives)] == want


def test_an_error_in_one_thread_ends_all_of_them(monkeypatch) -> None:
    monkeypatch.setattr(blocks, "ROWS", 48)
    seen: list[Tile] = []

    class Failing:
        def visit(self, tile: Tile) -> None:
            seen.append(tile)
            raise ValueError("not this one")

    vectors, threads = np.ones((2000, 8), np.float32), torch.get_num_threads()
    with pytest.raises(ValueError, match="not this one"), Sweep(vectors, vectors) as sweep:
        sweep.visit(Failing())
    assert len(seen) <= threads
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
@pytest.mark.parametrize(("n", "m"), [(20, 900), (900, 20)])
def test_unfit_positives_beside_padding(value: float, n: int, m: int, tiles: str) -> None:
    """Also where the scores of unfit vectors are those that stand in the padding."""
    queries, corpus = np.ones((n, 3), np.float32), np.ones((m, 3), np.float32)
    corpus[[2, 3, 5, 7, 11, 19]] = value
    with pytest.raises(DataError) as error:
        positive_ranks(queries, corpus, [[i % m] for i in range(n)])
    assert str(error.value).startswith(
        f"6 of {m} corpus vectors are NaN, infinite or zero (ids '2', '3', '5', '7', '11', …)"
    )
