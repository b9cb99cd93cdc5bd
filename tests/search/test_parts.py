"""A search on a torch device, and in parts, gives the ranks of the search on the CPU as a whole.

The device is the CPU, on which the code for GPUs computes with the blocks of the other code.
"""

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmbench.columns.vectors import Vectors
from mmbench.errors import DataError
from mmbench.search import blocks
from mmbench.search.checks import pairs_of
from mmbench.search.exact import search
from mmbench.search.on_device import products
from mmbench.search.on_device.products import DeviceSweep, full_precision, product_shape
from mmbench.search.part_search import CPU, TORCH_CPU, CorpusPart, VectorFile
from mmbench.search.parts import SearchResult, run_here, search_parts
from tests.support.rankings import naive_order, naive_ranks, transposed, unit_vectors

DEVICES = [CPU, TORCH_CPU]
TINY = (48, (48, 96), 2, 24)  # ROWS, COLUMNS, WIDE, RUN


@pytest.fixture(params=["usual", "tiny", "gpu"])
def shapes(request, monkeypatch) -> str:
    """Blocks of the usual shape, tiny ones, and those of a GPU, but small."""
    if request.param == "tiny":
        for name, value in zip(("ROWS", "COLUMNS", "WIDE", "RUN"), TINY, strict=True):
            monkeypatch.setattr(blocks, name, value)
        monkeypatch.setattr(products, "CPU_MEMORY", 1 << 20)
    if request.param == "gpu":
        monkeypatch.setattr(products, "block_shape", product_shape)
        monkeypatch.setattr(products, "HEIGHT", 64)
        monkeypatch.setattr(products, "WIDTH", 128)
    return request.param


class Case:
    """Small integers, so that products are exact and ties abound; ids; pairs of any number."""

    def __init__(self, seed: int, n: int, m: int, d: int, most: int) -> None:
        draws = np.random.default_rng(seed)
        self.queries, self.corpus = (
            (draws.integers(1, 4, (k, d)) * draws.choice([-1, 1], (k, d))).astype(np.float32)
            for k in (n, m)
        )
        sizes = draws.integers(0, min(m, most) + 1, n)
        self.positives = [draws.choice(m, size, replace=False).tolist() for size in sizes]
        self.pairs = pairs_of(self.positives, n, m)
        self.query_ids, self.corpus_ids = (
            [f"{k}{i * 31}" for i in range(size)] for k, size in (("q", n), ("d", m))
        )

    def search(self, device: str, top: int = 5) -> list[SearchResult]:
        return search(
            self.queries, self.corpus, self.pairs, query_ids=self.query_ids,
            corpus_ids=self.corpus_ids, both=True, top=top, device=device,
        )  # fmt: skip

    def in_parts(self, cuts: list[int], device: str = CPU, run=run_here) -> list[SearchResult]:
        bounds = [0, *cuts, len(self.corpus)]
        parts = [
            CorpusPart(self.corpus[a:b], a, len(self.corpus), self.corpus_ids[a:b], device)
            for a, b in pairwise(bounds)
        ]
        return search_parts(
            self.queries, parts, self.pairs, query_ids=self.query_ids, both=True, top=5, run=run
        )

    def naive(self) -> list[list[list[int]]]:
        scores = self.queries.astype(float) @ self.corpus.astype(float).T
        back = transposed(self.positives, len(self.corpus))
        return [
            naive_ranks(scores, self.positives, self.corpus_ids),
            naive_ranks(scores.T, back, self.query_ids),
        ]

    def by_query(self, results: list[SearchResult]) -> list[list[list[int]]]:
        sizes = len(self.queries), len(self.corpus)
        return [
            [sorted(result.ranks[rows == i].tolist()) for i in range(n)]
            for result, rows, n in zip(results, self.pairs, sizes, strict=True)
        ]


def equal(one: list[SearchResult], other: list[SearchResult]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(np.array_equal(a, b) for x, y in pairs for a, b in zip(x, y, strict=True))


CASES = st.builds(
    Case,
    st.integers(0, 2**32),
    st.integers(1, 140),
    st.integers(1, 140),
    st.integers(1, 4),
    st.integers(0, 9),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES)
def test_a_device_ranks_as_the_cpu_and_the_definition(case: Case, shapes: str) -> None:
    found = case.search(TORCH_CPU)
    assert case.by_query(found) == case.naive()
    assert equal(found, case.search(CPU))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES, data=st.data(), device=st.sampled_from(DEVICES))
def test_parts_rank_as_the_whole(case: Case, data: st.DataObject, device: str, shapes: str) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(case.corpus)), max_size=4).map(sorted))
    assert equal(case.in_parts(cuts, device), case.search(CPU))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("n", "m"), [(700, 2500), (2500, 700), (60, 5000)])
def test_floats_in_parts_have_the_bits_of_the_whole(n: int, m: int, device: str) -> None:
    """With duplicates among the vectors, and with 1 to 5 parts."""
    case, draws = Case(1, n, m, 2, 5), np.random.default_rng(n)
    case.queries, case.corpus = unit_vectors(n, 96, 1), unit_vectors(m, 96, 2)
    case.corpus[draws.permutation(m)[: m // 4]] = case.corpus[draws.integers(0, 50, m // 4)]
    whole = case.search(device)
    for parts in range(1, 6):
        cuts = np.sort(draws.integers(0, m, parts - 1)).tolist()
        assert equal(case.in_parts(cuts, device), whole), cuts
    assert equal(whole, case.search(CPU))


@pytest.mark.parametrize("many", [3, 50, 400])
def test_a_query_with_many_positives(many: int, shapes: str) -> None:
    case = Case(many, 60, 400, 3, 1)
    case.positives[17] = np.random.default_rng(0).permutation(400)[:many].tolist()
    case.pairs = pairs_of(case.positives, 60, 400)
    assert case.by_query(case.search(TORCH_CPU)) == case.naive()
    assert equal(case.in_parts([7, 7, 300], TORCH_CPU), case.search(CPU))


@pytest.mark.parametrize("k", [1, 3, 30, 200])
@pytest.mark.parametrize(("n", "m"), [(60, 130), (130, 60), (1, 97), (97, 1)])
def test_the_nearest_of_both_directions(n: int, m: int, k: int, shapes: str) -> None:
    case = Case(n, n, m, 2, 0)
    found = case.search(TORCH_CPU, top=k)
    scores = case.queries @ case.corpus.T
    for result, lines, ids in (
        (found[0], scores, case.corpus_ids),
        (found[1], scores.T, case.query_ids),
    ):
        for row, line in zip(result.top.tolist(), lines.tolist(), strict=True):
            order = [ids.index(one) for one in naive_order(dict(zip(ids, line, strict=True)))]
            assert row == (order + [-1] * k)[:k]


def test_equal_vectors_tie_everywhere(shapes: str) -> None:
    query, item = np.random.default_rng(0).standard_normal((2, 1, 96), np.float32)
    rows = np.random.default_rng(1).permutation(700)[:300]
    sides = np.repeat(query, 300, 0), np.repeat(item, 700, 0)
    pairs = np.arange(300), rows
    found = search(*sides, pairs, both=True, top=3, device=TORCH_CPU)
    order = naive_order({str(row): 0.0 for row in range(700)})
    assert found[0].ranks.tolist() == [order.index(str(row)) + 1 for row in rows]
    assert found[0].top.tolist() == [[int(row) for row in order[:3]]] * 300
    assert equal(found, search(*sides, pairs, both=True, top=3))


def test_ranks_are_those_of_the_scores_of_the_device(shapes: str) -> None:
    """Nothing but the device's own scores counts: also where other sums have other last bits."""
    queries, corpus = unit_vectors(200, 40, 1), unit_vectors(500, 40, 2)
    scores = np.empty((200, 500), np.float32)

    class Copying:
        def visit(self, block: products.ScoreBlock) -> None:
            row, column = block.starts
            height, width = block.scores.shape
            scores[row : row + height, column : column + width] = block.scores.numpy()

    with DeviceSweep("cpu", queries, corpus) as sweep:
        sweep.visit(Copying())
        pairs = np.repeat(np.arange(200), 3), np.random.default_rng(0).integers(0, 500, 600)
        assert np.array_equal(sweep.pair_scores(*pairs), scores[pairs])
    positives = [[i, i + 100] for i in range(200)]
    (found,) = search(queries, corpus, pairs_of(positives, 200, 500), device=TORCH_CPU)
    ranks = [sorted(own) for own in found.ranks.reshape(200, 2).tolist()]
    assert ranks == naive_ranks(scores, positives)


@pytest.mark.parametrize("device", DEVICES)
def test_pairs_with_other_scores_than_blocks_are_counted_again(device: str, monkeypatch) -> None:
    case = Case(4, 80, 300, 20, 3)
    want = case.search(CPU)
    for sweep in (blocks.Sweep, DeviceSweep):
        true = sweep.pair_scores
        monkeypatch.setattr(sweep, "pair_scores", lambda *a, _true=true: _true(*a) + np.float32(1))
    assert equal(case.in_parts([100, 101], device), want)


@pytest.mark.parametrize("device", DEVICES)
def test_mapped_files_in_other_processes(tmp_path: Path, device: str) -> None:
    """Functions, parts and results are pickled; the vectors are read from the file."""
    case = Case(6, 30, 200, 3, 4)
    np.save(tmp_path / "corpus.npy", 7 * case.corpus)
    parts = [
        CorpusPart(VectorFile(tmp_path / "corpus.npy", a, b, normalise=True), a, 200, None, device)
        for a, b in ((0, 50), (50, 51), (51, 200))
    ]

    def run(*call):
        function, queries, own, arguments = pickle.loads(pickle.dumps(call))
        assert len(pickle.dumps(own)) < 2000
        return pickle.loads(pickle.dumps(run_here(function, queries, own, arguments)))

    found = search_parts(case.queries, parts, case.pairs, both=True, top=5, run=run)
    unit = Vectors(7 * case.corpus).of_length_1()[0]
    assert equal(found, search(case.queries, unit, case.pairs, both=True, top=5))


def test_memory_decides_the_size_of_blocks_and_not_the_ranks(monkeypatch) -> None:
    monkeypatch.setattr(products, "block_shape", product_shape)
    monkeypatch.setattr(products, "WIDTH", 128)
    queries, corpus = unit_vectors(100, 24, 1), unit_vectors(3000, 24, 2)
    chunks, results = [], []
    for memory in (1, 1 << 20, 1 << 30):
        monkeypatch.setattr(products, "CPU_MEMORY", memory)
        chunks.append(DeviceSweep("cpu", queries, corpus)._chunk)
        pairs = np.arange(100), np.arange(100)
        results.append(search(queries, corpus, pairs, both=True, top=9, device=TORCH_CPU))
    assert chunks[0] < chunks[1] < chunks[2]
    assert equal(results[0], results[1]) and equal(results[1], results[2])


def test_products_on_a_gpu_have_sides_that_waste_little() -> None:
    assert product_shape(1, 1) == (64, 64)
    assert product_shape(5000, 25_010) == (1728, 6272)
    assert product_shape(10**6, 10**7) == (2048, 8192)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("device", DEVICES)
def test_invalid_vectors_are_named(value: float, side: int, device: str) -> None:
    case = Case(2, 30, 400, 8, 3)
    (case.queries, case.corpus)[side][[3, 17]] = value
    name = ("query", "corpus")[side]
    ids = ("'q93', 'q527'", "'d93', 'd527'")[side]
    with pytest.raises(DataError, match=f"2 of .* {name} vectors are NaN, .*{ids}"):
        case.in_parts([10, 200], device)


@pytest.mark.parametrize("cuts", [[(0, 3), (4, 9)], [(0, 5)], [(1, 9)], [(0, 5), (3, 9)]])
def test_parts_that_do_not_cover_the_corpus(cuts: list[tuple[int, int]]) -> None:
    corpus = np.ones((9, 2), np.float32)
    parts = [CorpusPart(corpus[a:b], a, 9) for a, b in cuts]
    with pytest.raises(DataError, match="give parts that follow each other"):
        search_parts(corpus, parts, (np.arange(2), np.arange(2)))


def test_ids_of_some_parts() -> None:
    corpus = np.ones((4, 2), np.float32)
    parts = [CorpusPart(corpus[:2], 0, 4, ["a", "b"]), CorpusPart(corpus[2:], 2, 4)]
    with pytest.raises(DataError, match="give ids for all parts or for none"):
        search_parts(corpus, parts, (np.arange(2), np.arange(2)))


def test_a_part_with_vectors_of_another_width() -> None:
    part = CorpusPart(np.ones((9, 3), np.float32), 0, 9)
    with pytest.raises(DataError, match="2 dimensions and corpus vectors 3"):
        search_parts(np.ones((9, 2), np.float32), [part], (np.arange(2), np.arange(2)))


def test_a_setting_for_tf32_is_put_aside_and_back() -> None:
    matmul = torch.backends.cuda.matmul
    for setting in ("highest", "high", "medium"):
        torch.set_float32_matmul_precision(setting)
        try:
            with full_precision():
                assert getattr(matmul, "fp32_precision", "ieee") == "ieee"
            assert matmul.allow_tf32 == (setting != "highest")
            assert torch.get_float32_matmul_precision() == setting
        finally:
            torch.set_float32_matmul_precision("highest")
