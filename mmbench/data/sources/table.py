"""The data source `table`: a file with a column of images and one of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.columns import column, names_in
from mmbench.data.mapping.media_fields import path_in
from mmbench.data.mapping.rows import Row, choose_columns, pair_rows
from mmbench.data.readers.arrow_columns import arrow_rows, media_columns
from mmbench.data.readers.parquet_media import ParquetColumn
from mmbench.data.readers.table_files import TABLES, find_file, read_records
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError
from mmbench.media.inside import MediaInFile
from mmbench.storage.content_keys import KEY_BYTES, ContentKeys, cache_folder
from mmbench.validation.inflation import expanded_bytes, refuse_inflated_groups, refuse_inflation
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, str] | None

_BATCH = 64  # rows of a Parquet file held at a time


def table(root: Path | None, *, columns: dict[str, str] | None = None) -> RetrievalData:
    """Texts as queries ("text"), images as corpus ("image"), from the rows of one file.

    `root` is a .csv, .tsv, .jsonl, .json or .parquet file, or a folder that holds a single one. The
    columns are `image`, `text` and, if they are there, `id` and `image_id`; `columns` renames:
    {image: file_name, text: caption}. An image is a path, relative to the file or found in an image
    folder beside it (`find_images`), or in Parquet also bytes or a struct of bytes and path. A text
    is a string, in JSONL and Parquet also a list of strings. `mmbench.data.mapping.rows.pair_rows`
    says how rows become samples. CSV and TSV are UTF-8 with a header, quoted as Excel does it.

    Raises DataError, with file and line or row, for what cannot be read; UnknownName for a column
    that is not there.
    """
    file = find_file(root, "table", (*TABLES, ".parquet"))
    read = _parquet_rows if file.suffix.lower() == ".parquet" else _text_rows
    rows = read(file, columns)
    return pair_rows(rows, str(file), file.parent)


def _text_rows(file: Path, columns: Columns) -> Iterator[Row]:
    records = read_records(file)
    chosen = choose_columns(columns, names_in(column(records, "cells")), str(file))
    for record in records:
        values = {key: record.cells.get(name) for key, name in chosen.items()}
        for key in ("image", "text"):
            if chosen[key] not in record.cells:
                raise DataError(f"{record.where}: has no {chosen[key]!r} (null says: none)")
        # An empty cell of a CSV is an empty text, but no image and no id.
        values |= {key: None for key, value in values.items() if value == "" and key != "text"}
        image = path_in(values.pop("image"), record.where, "image")
        yield Row(record.where.removeprefix(f"{file} "), image, **values)


def _parquet_rows(file: Path, columns: Columns) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = expanded = 0
    try:
        with open_regular(file) as stream:
            # Buffering ahead would hold the whole file before it ends.
            parquet = pq.ParquetFile(stream, pre_buffer=False)
            stored = file.stat().st_size
            refuse_inflated_groups(parquet.metadata, stored, file)
            chosen = choose_columns(columns, parquet.schema_arrow.names, str(file))
            images = ParquetColumn(file, chosen["image"], parquet.metadata)
            present = _present(images, parquet.schema_arrow)
            names = _names(chosen, present)
            for batch in parquet.iter_batches(_BATCH, columns=list(dict.fromkeys(names))):
                part = pa.Table.from_batches([batch])
                expanded += expanded_bytes(batch)
                refuse_inflation(stored, expanded, file, "the table")
                has = present and present[start : start + part.num_rows]
                yield from arrow_rows(
                    part, chosen, start, str(file), partial(MediaInFile, images), has
                )
                start += part.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read: {' '.join(str(error).split())}") from error


def _present(images: ParquetColumn, schema: pa.Schema) -> bytes | None:
    """Return for each row whether it has the bytes of an image; None where the column has paths.

    The bytes are read once, for this and for their keys. Raises OSError, ValueError, DataError.
    """
    import numpy as np
    import pyarrow as pa

    _, data = media_columns(schema.empty_table()[images.column], f"{images.file}: the image column")
    if pa.types.is_null(data.type):
        return None
    with ContentKeys(cache_folder()) as keys:
        digests = np.frombuffer(keys.digests_of(images), np.uint8)
    return digests.reshape(len(images), KEY_BYTES).any(axis=1).tobytes()


def _names(chosen: Mapping[str, str], present: bytes | None) -> list[str]:
    """Return the columns to read: of images that are there as bytes, no more than their paths."""
    if present is None:
        return list(chosen.values())
    others = [name for key, name in chosen.items() if key != "image"]
    return others if all(present) else [*others, f"{chosen['image']}.path"]
