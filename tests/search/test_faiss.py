"""FAISS indexes beside exact search: the same where they are exact, honest where they are not."""

from time import perf_counter

import numpy as np
import pytest

from mmbench.errors import DataError, UserError
from mmbench.search.exact import search
from mmbench.search.indexes import factory_checks
from mmbench.search.indexes.approximate import DEPTH, FaissIndex, approximate_search, check_factory
from mmbench.search.indexes.factory_checks import Trial
from tests.support.errors import one_line_error
from tests.support.processes import run_python
from tests.support.rankings import unit_vectors

faiss = pytest.importorskip("faiss", reason="faiss is in the extras index and gpu")


def pairs_of(n: int, m: int, each: int = 2) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(5)
    positives = [draws.choice(m, each, replace=False) for _ in range(n)]
    return np.repeat(np.arange(n), each), np.concatenate(positives)


def test_flat_agrees_with_exact_as_far_as_it_looks() -> None:
    queries, corpus, pairs = unit_vectors(300, 48, 1), unit_vectors(700, 48, 2), pairs_of(300, 700)
    found, report = approximate_search(queries, corpus, pairs, "Flat", top=5)
    (exact,) = search(queries, corpus, pairs, top=5)
    assert found.ranks.tolist() == np.where(exact.ranks <= DEPTH, exact.ranks, 0).tolist()
    assert found.top.tolist() == exact.top.tolist()
    assert report["recall@10 against exact"] == 1.0
    assert report["depth"] == DEPTH
    assert report["bytes"] > corpus.nbytes


def test_flat_orders_duplicates_as_exact_search_does() -> None:
    # Small integers: both libraries' products are exact, so that duplicates tie in both.
    draws = np.random.default_rng(3)
    corpus = draws.integers(-3, 4, (90, 4)).astype(np.float32)
    corpus[~corpus.any(axis=1)] = 1
    corpus[45:] = corpus[:45]
    queries, pairs = corpus[::3].copy(), pairs_of(30, 90)
    ids = [f"doc {i * 7919 % 90}" for i in range(90)]
    found, _ = approximate_search(queries, corpus, pairs, "Flat", corpus_ids=ids)
    (exact,) = search(queries, corpus, pairs, corpus_ids=ids)
    assert found.ranks.tolist() == exact.ranks.tolist()


def test_flat_orders_equal_vectors_of_floats_as_exact_search_does() -> None:
    # FAISS multiplies in blocks whose edges round otherwise: equal vectors differ in the last bit.
    queries, corpus, pairs = (
        unit_vectors(2000, 64, 1),
        unit_vectors(3001, 64, 2),
        pairs_of(2000, 3001),
    )
    draws = np.random.default_rng(4)
    corpus[draws.permutation(3001)[:600]] = corpus[draws.integers(0, 200, 600)]
    found, _ = approximate_search(queries, corpus, pairs, "Flat")
    (exact,) = search(queries, corpus, pairs)
    assert found.ranks.tolist() == np.where(exact.ranks <= DEPTH, exact.ranks, 0).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("first", ["faiss", "torch"])
def test_faiss_and_torch_live_in_one_process(first: str) -> None:
    """Both bring a library of threads: neither hangs, neither changes the other's number."""
    second = {"faiss": "torch", "torch": "faiss"}[first]
    code = f"""
import numpy as np, {first}, {second}
before = torch.get_num_threads(), faiss.omp_get_max_threads()
from mmbench.search import approximate_search, positive_ranks
draws = np.random.default_rng(0)
sides = [draws.standard_normal((n, 32), np.float32) for n in (400, 3000)]
for _ in range(3):
    exact = positive_ranks(*sides, [[i] for i in range(400)])
    ours, _ = approximate_search(*sides, (np.arange(400), np.arange(400)), "IVF8,Flat;nprobe=8")
    torch.randn(500, 500) @ torch.randn(500, 500)
want = [int(r[0]) if r[0] <= 100 else 0 for r in exact]
assert ours.ranks.tolist() == want
assert before == (torch.get_num_threads(), faiss.omp_get_max_threads())
"""
    run_python(code)


@pytest.mark.parametrize("factory", ["HNSW16", "IVF8,Flat;nprobe=8", "PCA16,IVF4,Flat;nprobe=4"])
def test_an_approximate_index_tells_its_own_recall(factory: str) -> None:
    queries, corpus, pairs = (
        unit_vectors(200, 32, 1),
        unit_vectors(900, 32, 2),
        pairs_of(200, 900, 1),
    )
    found, report = approximate_search(queries, corpus, pairs, factory)
    (exact,) = search(queries, corpus, (pairs[0][:0], pairs[1][:0]), top=10)
    top = FaissIndex(corpus, factory).nearest(queries, 10)
    hits = [
        len(set(a) & set(b)) / 10 for a, b in zip(top.tolist(), exact.top.tolist(), strict=True)
    ]
    assert report["recall@10 against exact"] == pytest.approx(np.mean(hits), abs=0.02)
    assert 0 < report["recall@10 against exact"] <= 1
    assert found.ranks.max() <= DEPTH


def test_a_small_corpus_is_searched_whole() -> None:
    queries, corpus, pairs = unit_vectors(20, 8, 1), unit_vectors(7, 8, 2), pairs_of(20, 7)
    found, report = approximate_search(queries, corpus, pairs, "Flat")
    assert report["depth"] == 7
    assert found.ranks.tolist() == search(queries, corpus, pairs)[0].ranks.tolist()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("Nope", "--index Nope: faiss failed .could not parse"),
        ("IVF64,Flat", "cannot train 64 clusters on 20 documents"),
        ("PQ8", "cannot train 256 clusters on 20 documents"),
        ("PQ7x4", "multiple of the number of subquantizers"),
        ("Flat;nprobe=x", "could not interpret parameters"),
    ],
)
def test_what_faiss_refuses_is_one_line(factory: str, message: str) -> None:
    queries, corpus, pairs = unit_vectors(5, 8, 1), unit_vectors(20, 8, 2), pairs_of(5, 20)
    with one_line_error(UserError, match=message):
        approximate_search(queries, corpus, pairs, factory)


def test_a_string_that_does_not_parse_is_known_before_the_forwards() -> None:
    check_factory("IVF1024,Flat;nprobe=16")
    with pytest.raises(UserError, match="could not parse"):
        check_factory("IVF1024Flat")


@pytest.mark.parametrize(
    "factory",
    ["HNSW0", "HNSW1", "IVF0,Flat", "IVF4,Flat;nprobe=0", "HNSW8;efSearch=0", "PQ8x0", "NSG4",
     "IVF4,PQ8x30", "IVF4(HNSW0),Flat", "HNSW999999999", "ü", "x" * 5000, "Flat\n"],
)  # fmt: skip
def test_an_index_that_ends_the_process_is_refused_before_the_forwards(factory: str) -> None:
    with pytest.raises(UserError, match="--index") as error:
        check_factory(factory)
    assert len(str(error.value)) < 1300


def test_faiss_is_tried_in_a_process_of_its_own() -> None:
    """OPQ trained on fewer vectors than their width ends the process by a signal."""
    trial = Trial("OPQ4,Flat", 400, 258, train=True)
    assert "FAISS aborts the process" in factory_checks._fault(trial)


def test_a_string_is_accepted_if_its_trial_takes_too_much_processor_time() -> None:
    """The start of the process takes less than a second, this index far more."""
    slow = Trial("HNSW512,Flat", 1000, 30_000, train=True, seconds=1)
    assert factory_checks._fault(slow) == ""


ENDS = ["Flat", "PQ4", "PQ5", "PQ4x4", "PQ4x4fs", "SQ8", "SQ4", "SQfp16", "SQ3", "LSH", "RQ2x4"]
STARTS = [
    *("IVF4", "IVF1", "IVF400", "IMI2x2", "IVF4_HNSW2", "HNSW4", "IDMap", "L2norm", "Pad64"),
    *("PCA8", "PCA99", "OPQ4", "OPQ5", "ITQ8", "RR16"),
]
OTHERS = ["BFlat", "BIVF4", "HNSW2", "LSHrt", "Z4", "Flat,RFlat", "Flat,Refine(SQ8)", ",", "Flat;;"]


PARAMETERS = ["nprobe=9", "nprobe=x", "foo=1", "nprobe=-1", "ht=3"]
STRINGS = [*ENDS, *(f"{start},{end}" for start in STARTS for end in ENDS), *OTHERS]
STRINGS += [f"IVF4,Flat;{parameter}" for parameter in PARAMETERS]


@pytest.mark.slow
@pytest.mark.parametrize("factory", STRINGS)
def test_no_string_ends_the_process(factory: str) -> None:
    """Each is taken or refused in one line, for 300 documents and for one."""
    corpus, pairs = unit_vectors(300, 32, 1), (np.arange(3), np.zeros(3, np.int64))
    for documents in (corpus, corpus[:1]):
        try:
            found, _ = approximate_search(unit_vectors(3, 32, 2), documents, pairs, factory)
        except UserError as error:
            assert "\n" not in str(error)
        else:
            assert len(found.ranks) == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_unfit_vectors_are_named(value: float) -> None:
    corpus = unit_vectors(20, 8, 2)
    corpus[13] = value
    with pytest.raises(DataError, match="'13'"):
        approximate_search(unit_vectors(5, 8, 1), corpus, pairs_of(5, 20), "Flat")


def test_a_memory_mapped_corpus(tmp_path: object) -> None:
    corpus = unit_vectors(200, 16, 2)
    mapped = np.memmap(f"{tmp_path}/corpus", np.float32, "w+", shape=corpus.shape)
    mapped[:] = corpus
    queries, pairs = unit_vectors(50, 16, 1), pairs_of(50, 200)
    found, _ = approximate_search(queries, mapped, pairs, "Flat")
    assert (
        found.ranks.tolist() == approximate_search(queries, corpus, pairs, "Flat")[0].ranks.tolist()
    )


def test_a_product_quantizer_is_not_trained_to_be_tried() -> None:
    start = perf_counter()
    check_factory("IVF64,PQ96;nprobe=8")
    assert perf_counter() - start < 8  # its training alone takes longer
