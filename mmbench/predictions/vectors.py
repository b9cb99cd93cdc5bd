"""Reader of a folder of embeddings; vectors are memory-mapped and never copied as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import Texts
from mmbench.columns.vectors import Vectors
from mmbench.data.readers.file_bytes import decode_text, read_file
from mmbench.errors import DataError
from mmbench.predictions.arrays import FAULTS, SIDES, matrix, refuse_widths
from mmbench.storage.content_keys import ContentKeys, cache_folder, digest
from mmbench.text import count, listed, plain
from mmbench.types import Outputs
from mmbench.validation.inflation import expanded_bytes, refuse_inflated_groups, refuse_inflation
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    import pyarrow as pa

# Formats of big-ann-benchmarks (.fbin) and cuVS: n and d, then the values, all little-endian.
_PLAIN = {".fbin": "<f4", ".f16bin": "<f2"}
_VECTORS = (".npy", *_PLAIN)
_IDS = (".npy", ".txt", ".parquet")
_TEXTS = ("string", "large_string", "string_view", "binary", "large_binary")  # Arrow types
_BATCH = 1 << 16  # ids converted at a time


def holds_embeddings(folder: Path) -> bool:
    """Return whether a folder has a file of query vectors or corpus vectors."""
    return any((folder / f"{side}{ending}").is_file() for side in SIDES for ending in _VECTORS)


def embeddings_folder(folder: Path) -> Outputs:
    """Read query and corpus vectors (.npy, .fbin, .f16bin) and their ids (.npy, .txt, .parquet).

    Vectors [n, d] have any floating-point type; ids are n strings or integers. Raises DataError,
    which names the file, also if query and corpus vectors differ in dimension.
    """
    files: list[Path] = []
    sides: dict[str, tuple[Sequence[str], Vectors]] = {}
    for side in SIDES:
        vector_file = _single_file(folder, side, _VECTORS, f"np.save('{side}.npy', vectors)")
        id_file = _single_file(folder, f"{side}_ids", _IDS, f"np.save('{side}_ids.npy', ids)")
        vectors, ids = matrix(_memory_map(vector_file), f"{vector_file}: vectors"), _ids(id_file)
        if len(ids) != len(vectors):
            raise DataError(
                f"{id_file}: {count(len(ids), 'id')} for {count(len(vectors), 'vector')} in"
                f" {vector_file.name}; give one id per vector"
            )
        sides[side] = ids, Vectors(vectors)
        files += [vector_file, id_file]
    with ContentKeys(cache_folder()) as keys:
        parts = [part for file in files for part in (file.name, keys.file(file))]
    refuse_widths({side: vectors.shape[1] for side, (_, vectors) in sides.items()}, folder)
    return Outputs(embeddings={**sides}, digest=digest(*parts).hex())


def _single_file(folder: Path, stem: str, endings: Sequence[str], how: str) -> Path:
    """Return the only file called `stem` that has one of the extensions `endings`.

    Raises DataError if there are none or several; `how` is an example of code that writes the file.
    """
    names = [f"{stem}{ending}" for ending in endings]
    files = [folder / name for name in names if (folder / name).is_file()]
    if not files:
        raise DataError(f"{folder}: no {' or '.join(names)}; write one, e.g. with {how}")
    if len(files) > 1:
        raise DataError(f"{folder} has {' and '.join(file.name for file in files)}; keep only one")
    return files[0]


def _memory_map(file: Path) -> NDArray[Any]:
    """Memory-map the array in a file. Raises DataError."""
    try:
        if file.suffix == ".npy":
            return np.lib.format.open_memmap(file, mode="r")
        n, d = np.fromfile(file, "<u4", 2).tolist()
        kind = np.dtype(_PLAIN[file.suffix])
        needed, size = 8 + n * d * kind.itemsize, file.stat().st_size
        if size != needed:
            raise ValueError(
                f"{n} vectors of {d} numbers need {needed:,} bytes, but the file has {size:,}"
            )
        return np.memmap(file, kind, "r", 8, (n, d))
    except FAULTS as error:
        reason = plain(str(error)) or type(error).__name__
        raise DataError(f"{file} cannot be read as vectors: {reason}") from error


def _ids(file: Path) -> Texts:
    """Return the ids in a file as strings. Raises DataError."""
    import pyarrow as pa

    read = {".npy": _ids_from_array, ".txt": _ids_from_lines, ".parquet": _ids_from_parquet}[
        file.suffix
    ]
    try:
        return Texts(read(file))
    except (*FAULTS, pa.ArrowException) as error:
        raise DataError(f"{file} cannot be read as ids: {plain(str(error))}") from error


def _ids_from_array(file: Path) -> pa.ChunkedArray:
    import pyarrow as pa

    values = _memory_map(file)
    if values.ndim != 1:
        raise ValueError(f"the ids have the shape {list(values.shape)}; give one id per vector")
    native = values.dtype.newbyteorder("=")
    starts = range(0, len(values), _BATCH)
    blocks = (values[start : start + _BATCH].astype(native, copy=False) for start in starts)
    return pa.chunked_array([_texts(pa.array(block)) for block in blocks], pa.large_string())


def _ids_from_lines(file: Path) -> pa.Array:
    """Return the lines of a file (see `text_lines`), without a Python object for each line."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = decode_text(read_file(file), file)
    text = whole.removesuffix("\n").removesuffix("\r").replace("\r\n", "\n")
    lines = pc.split_pattern(pa.array([text], pa.large_string()), "\n").flatten()
    return lines if whole else lines[:0]


def _ids_from_parquet(file: Path) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_regular(file) as stream:
        parquet, stored = pq.ParquetFile(stream, pre_buffer=False), file.stat().st_size
        refuse_inflated_groups(parquet.metadata, stored, file)
        names, parts, expanded = parquet.schema_arrow.names, [], 0
        if len(names) > 1 and "id" not in names:
            raise DataError(f"{file} has the columns {listed(names)}; call the id column `id`")
        for batch in parquet.iter_batches(_BATCH, columns=["id"] if "id" in names else names):
            expanded += expanded_bytes(batch)
            refuse_inflation(stored, expanded, file, "the ids")
            parts.append(_texts(batch.column(0)))
    return pa.chunked_array(parts, pa.large_string())


def _texts(values: pa.Array) -> pa.Array:
    """Return strings or integers as large strings. Raises ValueError for anything else."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    known = (pa.types.is_integer, *(getattr(pa.types, f"is_{name}") for name in _TEXTS))
    if not any(of_type(values.type) for of_type in known) or values.null_count:
        what = "null in some rows" if values.null_count else values.type
        raise ValueError(f"the ids are {what}; give strings or integers")
    return values.cast(pa.large_string())
