"""Search with truncated vectors and codes, against the definitions of sentence-transformers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.columns.vectors import Vectors
from mmbench.errors import SpecError, UserError
from mmbench.search.compressed.codes import Int8Ranges, encode_both
from mmbench.search.compressed.forms import VectorForm, parse_form
from mmbench.search.compressed.integers import fits_float32, integer_search
from mmbench.search.compressed.search import compressed_search
from mmbench.search.exact import search
from mmbench.search.indexes.recall import ExactSample
from mmbench.search.order import IdOrder

FORMS = ["full", "5", "int8", "binary", "3+int8", "int8+rescore7", "5+binary+rescore4"]


def unit(draws: np.random.Generator, n: int, d: int) -> np.ndarray:
    vectors = draws.standard_normal((n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def naive_scores(
    queries: np.ndarray, corpus: np.ndarray, form: VectorForm
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of the search and of rescoring, as sentence-transformers 6.2.0 has them.

    Of util/quantization.py: `quantize_embeddings(embeddings, precision, ranges)` with the ranges of
    the corpus; inner products of int8 codes, or the Hamming distance of packed bits; products of
    the query with decoded codes or with bits.
    """
    if form.dimensions is not None:
        queries, corpus = queries[:, : form.dimensions], corpus[:, : form.dimensions]
        queries, corpus = (
            one / np.linalg.norm(one.astype(np.float64), axis=1, keepdims=True)
            for one in (queries, corpus)
        )
        queries, corpus = queries.astype(np.float32), corpus.astype(np.float32)
    if form.precision == "float32":
        return queries @ corpus.T, queries @ corpus.T
    if form.precision == "binary":
        bits = [np.packbits(one > 0, axis=-1) for one in (queries, corpus)]
        different = np.unpackbits(bits[0][:, None] ^ bits[1][None], axis=-1).sum(-1)
        ones = np.unpackbits(bits[1], axis=-1)[:, : corpus.shape[1]].astype(int)
        return -different.astype(int), queries.astype(np.float64) @ ones.T
    low, high = corpus.min(axis=0), corpus.max(axis=0)
    steps = np.where(high == low, np.float32(1), (high - low) / np.float32(255))
    codes = [
        (np.clip(np.floor((one - low) / steps), 0, 255) - 128).astype(np.int8)
        for one in (queries, corpus)
    ]
    products = codes[0].astype(int) @ codes[1].astype(int).T
    return products, queries.astype(np.float64) @ ((codes[1].astype(float) + 128) * steps + low).T


def naive_order(queries: np.ndarray, corpus: np.ndarray, form: VectorForm) -> np.ndarray:
    """Return the documents of each query in order; equal scores are ordered by the id's hash."""
    keys = IdOrder(None, len(corpus)).keys(np.arange(len(corpus)))
    scores, again = naive_scores(queries, corpus, form)
    order = np.array([np.lexsort((keys, -row)) for row in scores])
    for line, row in zip(order, again, strict=True):
        first = line[: form.rescored]
        line[: form.rescored] = first[np.lexsort((keys[first], -row[first]))]
    return order


def searched(queries: np.ndarray, corpus: np.ndarray, form: VectorForm, top: int = 3) -> tuple:
    every = np.divmod(np.arange(len(queries) * len(corpus)), len(corpus))
    sample = ExactSample(queries, corpus)
    return compressed_search(Vectors(queries), Vectors(corpus), every, form, sample=sample, top=top)


@settings(max_examples=30)
@given(st.sampled_from(FORMS), st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 30))
def test_ranks_are_those_of_the_definition(name: str, seed: int, n: int, m: int) -> None:
    draws, form = np.random.default_rng(seed), parse_form(name)
    queries, corpus = unit(draws, n, 11), unit(draws, m, 11)
    result, report = searched(queries, corpus, form)
    order = naive_order(queries, corpus, form)
    assert (result.ranks.reshape(n, m) == order.argsort(axis=1) + 1).all()
    assert (result.top == order[:, :3]).all()
    assert report["vectors"] == name
    assert report["bytes"] == report["bytes per vector"] * m


def integer_order(queries: np.ndarray, corpus: np.ndarray) -> np.ndarray:
    """Return the order of documents by the int64 products of codes, and by the hash of the ids."""
    scores = queries.astype(np.int64) @ corpus.astype(np.int64).T
    keys = IdOrder(None, len(corpus)).keys(np.arange(len(corpus)))
    return np.array([np.lexsort((keys, -line)) for line in scores])


@pytest.mark.parametrize(("d", "greatest"), [(3, 127), (1500, 127), (1100, 124), (5000, 60)])
def test_sums_of_codes_are_exact(d: int, greatest: int) -> None:
    """Sums of neighbouring integers beyond 2²⁴, which float32 rounds to the same number."""
    draws = np.random.default_rng(d)
    queries = np.full((3, d), greatest, np.int8)
    corpus = np.full((40, d), greatest, np.int8)
    corpus[:, 0] -= draws.integers(0, 3, 40).astype(np.int8)
    queries[:, 0] = 1  # the sums differ by 1
    queries[1, 1:] = draws.integers(-100, 100, d - 1)
    pairs = np.repeat(np.arange(3), 40), np.tile(np.arange(40), 3)
    order = integer_order(queries, corpus)
    found = integer_search(Vectors(queries), Vectors(corpus), pairs, IdOrder(None, 40), 7)
    np.testing.assert_array_equal(found.top, order[:, :7])
    np.testing.assert_array_equal(found.ranks.reshape(3, 40), order.argsort(axis=1) + 1)
    if fits_float32(Vectors(queries), Vectors(corpus)):
        absolute = [np.abs(one.astype(np.int64)) for one in (queries, corpus)]
        assert (absolute[0] @ absolute[1].T).max() <= 2**24


def test_a_search_with_great_sums_is_exact() -> None:
    """All values of a query are greatest, so that the sums are near 127² d > 2²⁴."""
    draws = np.random.default_rng(0)
    corpus = np.sign(draws.normal(size=(60, 1400))).astype(np.float32)
    corpus[:50, 30:] = np.float32(1) - draws.integers(0, 2, (50, 1370)) / np.float32(200)
    queries = np.ones((2, 1400), np.float32)
    queries[1, :700] = 0.5
    form = parse_form("int8")
    coded = encode_both(Vectors(queries), Vectors(corpus), form)
    assert not fits_float32(coded.queries, coded.corpus)
    order = integer_order(coded.queries.matrix, coded.corpus.matrix)
    result, _ = searched(queries, corpus, form, 5)
    np.testing.assert_array_equal(result.top, order[:, :5])
    np.testing.assert_array_equal(result.ranks.reshape(2, 60), order.argsort(axis=1) + 1)


@given(st.integers(0, 2**32), st.integers(1, 40))
@settings(max_examples=20)
def test_small_sums_are_searched_in_float32(seed: int, d: int) -> None:
    codes = np.random.default_rng(seed).integers(-128, 128, (9, d)).astype(np.int8)
    assert fits_float32(Vectors(codes), Vectors(codes))


def test_recall_is_the_share_of_the_nearest_full_vectors() -> None:
    draws = np.random.default_rng(3)
    queries, corpus = unit(draws, 20, 16), unit(draws, 300, 16)
    _, report = searched(queries, corpus, parse_form("8+binary"))
    full = naive_order(queries, corpus, VectorForm())[:, :10]
    found = naive_order(queries, corpus, parse_form("8+binary"))[:, :10]
    shares = [len(set(a) & set(b)) / 10 for a, b in zip(full, found, strict=True)]
    assert report["recall@10 against exact"] == pytest.approx(np.mean(shares), abs=1e-4)
    assert (report["bytes per vector"], report["checked on"]) == (1, 20)


def test_literal_codes() -> None:
    """Ranges of 0 to 255: a code is the value less 128, and never leaves int8."""
    corpus = np.array([[0, 0], [255, 0]], np.float32)
    ranges = Int8Ranges.of(Vectors(corpus))
    assert ranges.steps.tolist() == [1, 1]  # a constant dimension has the step 1
    values = np.array([[12.9, 0], [-5, 3], [300, -1]], np.float32)
    assert ranges.encode(values).tolist() == [[-116, -128], [-128, -125], [127, -128]]
    assert ranges.decode(ranges.encode(values[:1])).tolist() == [[12, 0]]


def test_codes_of_zero_are_searched() -> None:
    """The query (0.5, 0.5) has the codes (0, 0), with which all products are 0."""
    queries = np.array([[0.5020, 0.5020]], np.float32)
    corpus = np.array([[0, 1], [1, 0]], np.float32)
    coded = encode_both(Vectors(queries), Vectors(corpus), parse_form("int8"))
    assert coded.queries[:].tolist() == [[0, 0, 1]]
    result, _ = searched(queries, corpus, parse_form("int8"))
    assert sorted(result.ranks.tolist()) == [1, 2]


def test_selected_rows_of_a_mapped_file(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    whole = draws.standard_normal((60, 12)).astype(np.float16)
    np.save(tmp_path / "x.npy", whole)
    rows = draws.permutation(60)[:40]
    mapped, _ = Vectors(np.load(tmp_path / "x.npy", mmap_mode="r"), rows).of_length_1()
    queries = unit(draws, 5, 12)
    for name in FORMS:
        every = np.divmod(np.arange(5 * 40), 40)
        sample = ExactSample(queries, mapped)
        result, _ = compressed_search(
            Vectors(queries), mapped, every, parse_form(name), sample=sample, top=3
        )
        assert (result.ranks == searched(queries, mapped[:], parse_form(name))[0].ranks).all()


def test_full_vectors_in_this_form_are_the_exact_search() -> None:
    draws = np.random.default_rng(5)
    queries, corpus = unit(draws, 30, 8), unit(draws, 50, 8)
    pairs = np.divmod(np.arange(30 * 50), 50)
    (exact,) = search(queries, corpus, pairs)
    assert (searched(queries, corpus, VectorForm())[0].ranks == exact.ranks).all()


@pytest.mark.parametrize("name", [*FORMS[:-2], "256+binary+rescore100", "int8+rescore7"])
def test_names_are_read_back(name: str) -> None:
    assert parse_form(name).name == name
    assert parse_form("binary+rescore") == VectorForm(None, "binary", 100)


@pytest.mark.parametrize(
    "name", ["", "+", "0", "-3", "int8+64", "64+rescore", "rescore", "float16", "int8 ", "9" * 7]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(SpecError, match="not a form of vectors; use full, 256, int8"):
        parse_form(name)


def test_vectors_that_a_form_cannot_have() -> None:
    queries, corpus = np.eye(3, 6, dtype=np.float32), np.eye(4, 6, dtype=np.float32)
    with pytest.raises(UserError, match="have 6 dimensions; use at most 6"):
        searched(queries, corpus, parse_form("7"))
    with pytest.raises(UserError, match="1 of 4 document vectors is zero in the first 3 dim"):
        searched(queries, corpus, parse_form("3"))


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["int8", "binary"])
def test_sentence_transformers(precision: str) -> None:
    """The codes are those of `quantize_embeddings`, bit for bit."""
    quantization = pytest.importorskip(
        "sentence_transformers.util.quantization", reason="sentence-transformers is not installed"
    )
    draws = np.random.default_rng(0)
    queries, corpus = unit(draws, 500, 70), unit(draws, 900, 70)
    coded = encode_both(Vectors(queries), Vectors(corpus), VectorForm(None, precision))
    for own, vectors in ((coded.queries, queries), (coded.corpus, corpus)):
        if precision == "int8":
            theirs = quantization.quantize_embeddings(
                vectors, "int8", calibration_embeddings=corpus
            )
            assert (own[:][:, :-1] == theirs).all()
        else:
            theirs = np.unpackbits(quantization.quantize_embeddings(vectors, "ubinary"), axis=-1)
            assert ((own[:] > 0) == theirs[:, :70]).all()
