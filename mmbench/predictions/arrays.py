"""Readers of outputs in NumPy files: embeddings (.npz) and class scores (.npy)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Mapping
from hashlib import blake2b, file_digest
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.table_files import text_lines
from mmbench.errors import DataError
from mmbench.storage.content_keys import KEY_BYTES, digest
from mmbench.text import listed, plain
from mmbench.types import Array, Outputs
from mmbench.validation.inflation import refuse_inflation
from mmbench.validation.regular_files import open_regular

SIDES = ("query", "corpus")

# Errors that numpy and zipfile raise for malformed bytes.
FAULTS = (
    *(OSError, EOFError, ValueError, SyntaxError, LookupError, RuntimeError, MemoryError),
    *(ArithmeticError, BadZipFile, TokenError, zlib.error, struct.error),
)
_SINGLE = ""


def embeddings(path: Path) -> Outputs:
    """Read embeddings and ids from an .npz: the arrays query, corpus, query_ids and corpus_ids.

    Vectors [n, d] of any floating-point type become float32. Vectors that are zero or have NaN
    values are kept; their samples fail. Raises DataError, which names the array, for a missing
    array or a wrong shape.
    """
    array_names = [name for side in SIDES for name in (side, f"{side}_ids")]
    arrays = _arrays(path, array_names)
    present = {name: array for name, array in arrays.items() if array is not None}
    missing = [name for name in array_names if name not in present]
    if missing:
        raise DataError(
            f"{path}: no array {missing[0]}, only {listed(arrays) or 'an empty archive'}; give the"
            f" arrays {', '.join(array_names)}"
        )
    sides = {
        side: _side(present[f"{side}_ids"], present[side], f"{path}: {side}") for side in SIDES
    }
    refuse_widths({side: vectors.shape[1] for side, (_, vectors) in sides.items()}, path)
    return Outputs(embeddings={**sides}, digest=_digest(path))


def refuse_widths(widths: Mapping[str, int], path: Path) -> None:
    """Raise DataError if the dimensions of query and corpus vectors differ."""
    if widths["query"] != widths["corpus"]:
        raise DataError(
            f"{path}: query vectors have {widths['query']} dimensions, corpus vectors"
            f" {widths['corpus']}; give vectors of equal dimension"
        )


def score_matrix(path: Path) -> Outputs:
    """Read scores [n, C] of any floating-point type: one row per sample, one column per class.

    Scores of at most 32 bits become float32, all others float64. The class names are in
    `x.labels.txt` next to `x.npy`; without this file, columns are in the order of the data's
    classes. The sample ids are in `x.ids.txt`; without this file, rows are in the order of the
    data's samples. Both files have one name per line. A row with NaN is kept; its sample fails.
    """
    array = _arrays(path, []).get(_SINGLE)
    if array is None:
        raise DataError(f"{path} is an archive of several arrays; give one array (np.save)")
    scores = matrix(array, f"{path}: scores")
    scores = scores.astype("<f8" if scores.dtype.itemsize > 4 else "<f4", copy=False)
    labels, ids = _names(path, "labels"), _names(path, "ids")
    for names, size, axis in ((labels, scores.shape[1], "columns"), (ids, len(scores), "rows")):
        if names is not None and len(names) != size:
            raise DataError(f"{path}: {size} {axis}, but {len(names)} names for the {axis}")
    rows = [str(row) for row in range(len(scores))] if ids is None else ids
    values = dict(zip(rows, scores, strict=True))
    parts = [_digest(path), *(name for names in (labels, ids) for name in (names or [""]))]
    return Outputs(values, labels or [], positional=ids is None, digest=digest(*parts).hex())


def _arrays(path: Path, names: Collection[str]) -> dict[str, NDArray[np.generic] | None]:
    """Return the arrays of an .npz by name; an array that is not in `names` is None.

    The only array of an .npy has the name `_SINGLE`.
    """
    try:
        with open_regular(path) as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {_SINGLE: loaded}
            _refuse_inflation(loaded.zip, path, names)
            return {name: loaded[name] if name in names else None for name in loaded.files}
    except FAULTS as error:
        reason = plain(str(error)) or type(error).__name__
        raise DataError(
            f"{path} cannot be read as arrays of numbers and strings (np.save, np.savez): {reason}"
        ) from error


def _refuse_inflation(archive: ZipFile, path: Path, names: Collection[str]) -> None:
    for entry in archive.infolist():
        name = entry.filename.removesuffix(".npy")
        if name in names:
            refuse_inflation(entry.compress_size, entry.file_size, path, f"array {name}")


def matrix(values: NDArray[np.generic], what: str) -> NDArray[np.generic]:
    """Return an array unchanged if it is a floating-point array [n, d].

    Raises DataError for other arrays; `what` is the name of the values in the message.
    """
    if values.ndim != 2 or values.dtype.kind != "f":
        raise DataError(
            f"{what} are {values.dtype} {list(values.shape)}; give floating-point numbers in two"
            " dimensions"
        )
    return values


def _side(
    ids: NDArray[np.generic], vectors: NDArray[np.generic], what: str
) -> tuple[list[str], Array]:
    floats = matrix(vectors, f"{what} vectors")
    with np.errstate(over="ignore", invalid="ignore"):  # values beyond float32 become infinite
        converted = np.asarray(floats, np.float32)
    if ids.ndim != 1 or ids.dtype.kind not in "USiu" or len(ids) != len(converted):
        raise DataError(
            f"{what}_ids are {ids.dtype} {list(ids.shape)}; give {len(converted)} strings or"
            " integers, one per vector"
        )
    names = [_text(ident, what) for ident in ids.tolist()]
    refuse_duplicates(f"{what.rpartition(' ')[2]} id", names, what)
    return names, converted


def _text(ident: object, what: str) -> str:
    try:
        return ident.decode() if isinstance(ident, bytes) else str(ident)
    except UnicodeDecodeError as error:
        raise DataError(f"{what}_ids: {ident!r} is not UTF-8") from error


def _names(path: Path, what: str) -> list[str] | None:
    file = path.with_name(f"{path.stem}.{what}.txt")
    if not file.exists():
        return None
    names = text_lines(read_file(file), file)
    refuse_duplicates("name", names, str(file))
    return names


def _digest(path: Path) -> str:
    with open_regular(path) as stream:
        return file_digest(stream, lambda: blake2b(digest_size=KEY_BYTES)).hexdigest()
