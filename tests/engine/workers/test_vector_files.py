"""Vectors that processes share through files: the bits of the driver, whatever the matrix is."""

from __future__ import annotations

import pickle
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmbench.columns.vectors import Vectors
from mmbench.engine.workers.search.vector_copies import NodeVectors
from mmbench.engine.workers.search.vector_files import SharedVectors, VectorsNeeded, share_vectors
from tests.support.rankings import unit_vectors


def bits(vectors: SharedVectors) -> bytes:
    return pickle.loads(pickle.dumps(vectors)).open()[:].tobytes()


def mapped(folder: Path, matrix: np.ndarray, *, plain: bool) -> np.ndarray:
    """Return the matrix mapped from an .npy file, or from a file with a header of eight bytes."""
    if plain:
        (folder / "m.bin").write_bytes(bytes(8) + np.ascontiguousarray(matrix).tobytes())
        return np.memmap(folder / "m.bin", matrix.dtype, "r", 8, matrix.shape)
    np.save(folder / "m.npy", matrix)
    return np.load(folder / "m.npy", mmap_mode="r")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_shared_vectors_and_their_parts_have_the_same_bits(
    data: st.DataObject, tmp_path: Path
) -> None:
    n, d = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 7))
    dtype = data.draw(st.sampled_from(["<f4", "<f8", "<f2", ">f4"]))
    matrix = np.random.default_rng(n * d).standard_normal((n, d)).astype(dtype)
    if data.draw(st.booleans()):
        matrix = np.asfortranarray(matrix)
    if data.draw(st.booleans()):
        matrix = mapped(tmp_path, matrix, plain=data.draw(st.booleans()))
    cut = data.draw(st.integers(0, n - 1))
    vectors = Vectors(matrix[cut:])
    if data.draw(st.booleans()):
        rows = data.draw(st.lists(st.integers(0, n - cut - 1), min_size=1, max_size=9))
        vectors = vectors.take(np.array(rows))
    if data.draw(st.booleans()):
        vectors = vectors.of_length_1()[0]
    stop = data.draw(st.integers(0, len(vectors)))
    start = data.draw(st.integers(0, stop))
    with share_vectors(vectors) as (one,):
        assert len(one) == len(vectors)
        assert bits(one) == vectors[:].tobytes()
        assert bits(one.part(start, stop)) == vectors[start:stop].tobytes()


@pytest.mark.parametrize("plain", [False, True])
def test_a_mapped_matrix_is_not_copied(tmp_path: Path, plain: bool) -> None:
    matrix = mapped(tmp_path, unit_vectors(50, 4, 1), plain=plain)
    vectors = Vectors(matrix).of_length_1()[0].take(np.arange(10, 30))
    with share_vectors(vectors, matrix[20:]) as both:
        assert [Path(one.file[0]).parent for one in both] == [tmp_path, tmp_path]


def test_temporary_files_end_with_the_search(tmp_path: Path) -> None:
    with share_vectors(unit_vectors(9, 3, 1)) as (one,):
        assert one.is_here()
    assert not Path(one.file[0]).exists()


def test_a_matrix_whose_file_was_replaced_is_written_again(tmp_path: Path) -> None:
    matrix = mapped(tmp_path, unit_vectors(20, 4, 1), plain=False)
    np.save(tmp_path / "other.npy", unit_vectors(20, 4, 2))
    (tmp_path / "other.npy").replace(tmp_path / "m.npy")
    with share_vectors(matrix) as (one,):
        assert bits(one) == matrix.tobytes()
        assert Path(one.file[0]).parent != tmp_path


def test_a_file_that_changes_or_is_missing_is_not_read(tmp_path: Path) -> None:
    matrix = mapped(tmp_path, unit_vectors(20, 4, 1), plain=False)
    with share_vectors(matrix) as (one,):
        assert NodeVectors().open(one, "search", None)[:].tobytes() == matrix.tobytes()
        copy = tmp_path / "copy"
        copy.write_bytes((tmp_path / "m.npy").read_bytes())
        copy.replace(tmp_path / "m.npy")  # the same bytes, but who knows
        with pytest.raises(VectorsNeeded):
            NodeVectors().open(one, "search", None)
        (tmp_path / "m.npy").unlink()
        with pytest.raises(VectorsNeeded):
            one.open()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: what a full disk does to it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_space_for_a_temporary_file(tmp_path: Path) -> None:
    vectors = unit_vectors(1000, 32, 1)
    with (
        largest_file(50_000),
        pytest.raises(OSError, match="File too large"),
        share_vectors(vectors),
    ):
        pytest.fail("the file has a hole")
