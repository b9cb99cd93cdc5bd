"""Outputs as arrays: embeddings by side, and a matrix of scores with names beside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import DataError

SIDES = {
    "query": np.array([[1.0, 0.5], [np.nan, 2.0], [1e300, 0.0]]),
    "corpus": np.array([[0.25, -1.0]], np.float16),
    "query_ids": np.array([7, 8, 9]),
    "corpus_ids": np.array(["bild"]),
}


def saved(tmp_path, **changes):
    arrays = {name: a for name, a in (SIDES | changes).items() if a is not None}
    np.savez(tmp_path / "x.npz", **arrays)
    return tmp_path / "x.npz"


def test_embeddings(tmp_path):
    found = read_outputs(saved(tmp_path))
    ids, vectors = found.embeddings["query"]
    assert ids == ["7", "8", "9"]
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.float32([[1, 0.5], [np.nan, 2], [np.inf, 0]]))
    ids, vectors = found.embeddings["corpus"]
    assert (ids, vectors.dtype, vectors.tolist()) == (["bild"], np.float32, [[0.25, -1.0]])
    assert len(found.digest) == 32 and not found.values


def test_ids_as_bytes_are_utf8(tmp_path):
    found = read_outputs(saved(tmp_path, corpus_ids=np.array(["häuser".encode()])))
    assert found.embeddings["corpus"][0] == ["häuser"]
    with pytest.raises(DataError, match="not UTF-8"):
        read_outputs(saved(tmp_path, corpus_ids=np.array([b"\xff"])))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"corpus_ids": None}, "no array corpus_ids, only query, corpus, query_ids; give"),
        ({"query_ids": np.array([1, 2])}, "query_ids are int64 [2]; give 3 strings"),
        ({"query_ids": np.array([1.0, 2.0, 3.0])}, "query_ids are float64"),
        ({"query_ids": np.array([[1], [2], [3]])}, "query_ids are int64 [3, 1]"),
        ({"query_ids": np.array([1, 2, 1])}, "each query id must occur once"),
        ({"query_ids": np.array(["a", 1, None], object)}, "allow_pickle=False"),
        ({"query": np.zeros(3)}, "query vectors are float64 [3]"),
        ({"query": np.zeros((3, 2), int)}, "query vectors are int64 [3, 2]"),
        ({"corpus": np.zeros((1, 3))}, "query vectors have 2 dimensions, corpus vectors 3"),
    ],
)
def test_what_is_refused_of_embeddings(tmp_path, changes, words):
    with pytest.raises(DataError) as caught:
        read_outputs(saved(tmp_path, **changes))
    assert words in str(caught.value) and "x.npz" in str(caught.value)


def test_one_array_is_no_archive_and_an_archive_no_array(tmp_path):
    with (tmp_path / "one.npz").open("wb") as stream:
        np.save(stream, np.zeros((2, 2)))
    with pytest.raises(DataError, match="no array query"):
        read_outputs(tmp_path / "one.npz")
    saved(tmp_path).rename(tmp_path / "many.npy")
    with pytest.raises(DataError, match="is an archive of several arrays"):
        read_outputs(tmp_path / "many.npy")


SCORES = np.array([[0.5, -1.0, -np.inf], [1.0, 2.0, 3.0]])


def matrix(tmp_path, labels=None, ids=None, scores=SCORES):
    np.save(tmp_path / "s.npy", scores)
    for name, text in (("labels", labels), ("ids", ids)):
        if text is not None:
            (tmp_path / f"s.{name}.txt").write_bytes(text.encode())
    return read_outputs(tmp_path / "s.npy")


def test_scores_without_names_are_in_the_order_of_the_data(tmp_path):
    found = matrix(tmp_path)
    assert list(found.values) == ["0", "1"] and found.positional and found.labels == []
    assert found.values["0"].tolist() == [0.5, -1.0, -np.inf]


@pytest.mark.parametrize(
    ("dtype", "kept"), [("<f2", "<f4"), ("<f4", "<f4"), (">f4", "<f4"), ("<f8", "<f8")]
)
def test_scores_keep_their_order(tmp_path, dtype, kept):
    """1 - 1e-9 and 1 are one number in single precision, so that doubles stay doubles."""
    scores = np.array([[1 - 1e-9, 1.0, 0.25]], dtype)
    found = matrix(tmp_path, scores=scores).values["0"]
    assert found.dtype == np.dtype(kept)
    assert found.tolist() == scores[0].tolist()


def test_scores_with_names_beside(tmp_path):
    found = matrix(tmp_path, "dog bark\r\ncat\nsea\n", "b.ogg\na.ogg")
    assert found.labels == ["dog bark", "cat", "sea"]
    assert list(found.values) == ["b.ogg", "a.ogg"] and not found.positional


def test_names_are_part_of_the_digest(tmp_path):
    digests = [
        matrix(tmp_path).digest,
        matrix(tmp_path, "a\nb\nc\n").digest,
        matrix(tmp_path, "a\nc\nb\n").digest,
        matrix(tmp_path, "a\nc\nb\n", "1\n2\n").digest,
    ]
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"labels": "a\nb\n"}, "3 columns, but 2 names"),
        ({"ids": "a\nb\nc\n"}, "2 rows, but 3 names"),
        ({"ids": "a\na\n"}, "each name must occur once"),
        ({"scores": np.zeros(3)}, "scores are float64 [3]; give floating-point numbers"),
        ({"scores": np.zeros((2, 3), int)}, "scores are int64 [2, 3]"),
        ({"scores": np.array([[None]])}, "allow_pickle=False"),
    ],
)
def test_what_is_refused_of_scores(tmp_path, given, words):
    with pytest.raises(DataError) as caught:
        matrix(tmp_path, **given)
    assert words in str(caught.value)


@settings(max_examples=200)
@given(st.data())
def test_damaged_arrays_are_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    files = [saved(folder)]
    np.save(folder / "d.npy", SCORES)
    file = data.draw(st.sampled_from([*files, folder / "d.npy"]))
    content = bytearray(file.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.none())
    damaged = folder / f"damaged{file.suffix}"
    damaged.write_bytes(content[:cut])
    try:
        assert read_outputs(damaged).digest
    except DataError as error:
        assert damaged.name in str(error)
