"""A folder of embeddings is scored as an .npz of the same vectors is, from whatever files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mmbench
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.options import RunSettings
from mmbench.engine.score import score
from mmbench.errors import DataError
from mmbench.types import RunRecord
from tests.support.errors import one_line_error
from tests.support.media.images import save_image

N, WIDTH = 300, 8
DRAWS = np.random.default_rng(0)
SIDES = {
    "query": DRAWS.integers(-3, 4, (12, WIDTH)).astype(np.float16),
    "corpus": DRAWS.integers(-3, 4, (N, WIDTH)).astype(np.float16),  # many scores are equal
}
SIDES["corpus"][[5, 8]] = [[np.nan], [0]]
IDS = {
    "query": [f"q{row}" for row in range(12)],
    "corpus": [f"{name}é" for name in DRAWS.permutation(N).tolist()],
}
GRADES = {f"q{row}": {IDS["corpus"][20 * row + at]: 1 for at in (0, 3, 5)} for row in range(10)}


def save_vectors(path: Path, vectors: np.ndarray) -> None:
    if path.suffix == ".npy":
        np.save(path, vectors)
        return
    kind = {".fbin": "<f4", ".f16bin": "<f2"}[path.suffix]
    path.write_bytes(np.array(vectors.shape, "<i4").tobytes() + vectors.astype(kind).tobytes())


def save_ids(path: Path, ids: list[str]) -> None:
    if path.suffix == ".npy":
        np.save(path, np.array(ids))
    elif path.suffix == ".txt":
        path.write_bytes("\r\n".join(ids).encode())
    else:
        pq.write_table(pa.table({"at": range(len(ids)), "id": ids}), path)


def folder(
    at: Path, vectors: str = ".npy", ids: str = ".npy", order: Sequence[int] | None = None
) -> Path:
    at.mkdir()
    for side in SIDES:
        whole = order is None or side == "query"
        rows = np.arange(len(IDS[side])) if whole else np.asarray(order)
        save_vectors(at / f"{side}{vectors}", SIDES[side][rows])
        save_ids(at / f"{side}_ids{ids}", [IDS[side][row] for row in rows])
    return at


def scored(predictions: Path, tmp_path: Path) -> tuple[RunRecord, dict[str, list[Any]]]:
    data = tmp_path / "t.qrels"
    data.write_text("".join(f"{q} 0 {d} {g}\n" for q, to in GRADES.items() for d, g in to.items()))
    found = score("pairs", predictions, RunSettings(data=data), name="mine")
    rows = {name: list(column) for name, column in found.rows.items()}
    return found.record, rows


@pytest.mark.parametrize(
    ("vectors", "ids"),
    [(".npy", ".npy"), (".fbin", ".txt"), (".f16bin", ".parquet"), (".npy", ".txt")],
)
def test_a_folder_and_an_npz_of_the_same_vectors(tmp_path: Path, vectors: str, ids: str) -> None:
    names = {f"{side}_ids": np.array(IDS[side]) for side in SIDES}
    np.savez(tmp_path / "x.npz", **SIDES, **names)
    expected, rows = scored(tmp_path / "x.npz", tmp_path)
    record, found = scored(folder(tmp_path / "mine", vectors, ids), tmp_path)
    assert found == rows
    assert record.scores == expected.scores
    assert (record.failures, record.notes) == (expected.failures, expected.notes)
    assert record.task == expected.task
    assert {why for _, why in record.failures} == {"its embedding is zero, NaN or infinite"}
    assert len(record.failures) == 2
    assert record.task.data == {"query": 10, "corpus": N}


def test_the_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    record, rows = scored(folder(tmp_path / "a"), tmp_path)
    other, same = scored(folder(tmp_path / "b", order=DRAWS.permutation(N)), tmp_path)
    assert (other.scores, other.failures, same) == (record.scores, record.failures, rows)
    assert other.task.data_hash == record.task.data_hash
    assert other.model.hash != record.model.hash
    changed = folder(tmp_path / "c")
    save_ids(changed / "corpus_ids.npy", [*IDS["corpus"][:-1], "another"])
    assert scored(changed, tmp_path)[0].task.data_hash != record.task.data_hash


def test_ids_that_are_whole_numbers_and_categories(tmp_path: Path) -> None:
    found = folder(tmp_path / "mine")
    np.save(found / "query_ids.npy", np.arange(12, dtype=">u2"))
    (found / "corpus_ids.npy").unlink()
    ids = pa.array(IDS["corpus"]).dictionary_encode()
    pq.write_table(pa.table({"document": ids}), found / "corpus_ids.parquet")
    embeddings = read_outputs(found).embeddings
    assert list(embeddings["query"][0]) == [str(row) for row in range(12)]
    assert list(embeddings["corpus"][0]) == IDS["corpus"]


@pytest.mark.parametrize("text", [b"a\nb\n", b"a\r\nb", b"\xef\xbb\xbfa\nb\r\n", b"a\nb\r"])
def test_lines_of_ids(tmp_path: Path, text: bytes) -> None:
    found = folder(tmp_path / "mine")
    save_vectors(found / "query.npy", SIDES["query"][:2])
    (found / "query_ids.npy").unlink()
    (found / "query_ids.txt").write_bytes(text)
    assert list(read_outputs(found).embeddings["query"][0]) == ["a", "b"]


def test_what_is_refused(tmp_path: Path) -> None:
    def refused(name: str, content: object, words: str) -> None:
        found = folder(tmp_path / f"{len(list(tmp_path.iterdir()))}")
        path = found / name
        if content is None:
            path.unlink()
        elif isinstance(content, bytes):
            for other in found.glob(f"{path.stem}.*"):
                other.unlink()
            path.write_bytes(content)
        else:
            np.save(path, np.asarray(content))
        with one_line_error(DataError) as caught:
            read_outputs(found)
        assert words in str(caught.value) and str(found) in str(caught.value)

    refused("corpus.npy", None, "no corpus.npy or corpus.fbin or corpus.f16bin; write one, e.g.")
    refused("query_ids.npy", None, "np.save('query_ids.npy', ids)")
    refused("query_ids.npy", ["a"], "query_ids.npy: 1 id for 12 vectors in query.npy")
    refused("query_ids.npy", np.zeros(12), "the ids are double; give strings or integers")
    refused("query_ids.npy", np.zeros((12, 1), int), "the ids have the shape [12, 1]")
    refused("query_ids.txt", b"a\nb\xff", "line 2 column 2")
    refused("query_ids.parquet", b"PAR1", "cannot be read as ids")
    refused("query.npy", np.zeros((12, 4)), "query vectors have 4 dimensions, corpus vectors 8")
    refused("query.npy", np.zeros((12, 4), int), "query.npy: vectors are int64 [12, 4]")
    refused("query.npy", b"\x93NUMPY", "cannot be read as vectors")
    short = np.array([12, WIDTH], "<i4").tobytes()
    refused("query.fbin", short, "12 vectors of 8 numbers need 392 bytes, but the file has 8")
    refused("query.fbin", b"\0", "cannot be read as vectors")


def test_two_files_of_one_name_and_columns_without_a_name(tmp_path: Path) -> None:
    found = folder(tmp_path / "mine")
    save_ids(found / "query_ids.txt", IDS["query"])
    with pytest.raises(DataError, match=r"has query_ids.npy and query_ids.txt; keep only one"):
        read_outputs(found)
    (found / "query_ids.npy").unlink()
    (found / "query_ids.txt").unlink()
    pq.write_table(pa.table({"a": ["x"], "b": ["y"]}), found / "query_ids.parquet")
    with pytest.raises(DataError, match="has the columns a, b; call the id column `id`"):
        read_outputs(found)
    pq.write_table(pa.table({"id": ["x", None]}), found / "query_ids.parquet")
    with pytest.raises(DataError, match="the ids are null in some rows"):
        read_outputs(found)


def test_ids_that_stand_twice(tmp_path: Path) -> None:
    found = folder(tmp_path / "mine")
    save_ids(found / "corpus_ids.npy", [IDS["corpus"][1], *IDS["corpus"][1:]])
    with pytest.raises(DataError, match="corpus embeddings: vectors occur twice"):
        scored(found, tmp_path)
    data = tmp_path / "t.qrels"
    with pytest.raises(DataError, match="each output id in lower case must occur once"):
        mmbench.score("pairs", found, data=data, fold_ids=True)


def test_a_folder_of_images_is_none_of_embeddings(tmp_path: Path) -> None:
    save_image(tmp_path / "query.png")
    found = read_outputs(tmp_path)
    assert list(found.values) == ["query"] and not found.embeddings
