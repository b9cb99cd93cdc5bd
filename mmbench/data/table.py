"""The data source `table`: a file with a column of images and one of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.contents import cache_folder
from mmbench.data.arrow import arrow_rows, cell_bytes
from mmbench.data.media_fields import path_in
from mmbench.data.record_files import TABLES, find_file, read_records
from mmbench.data.rows import Row, choose_columns, pair_rows
from mmbench.data.spool import Spool
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError
from mmbench.inflation import expanded_bytes, refuse_inflated_groups, refuse_inflation
from mmbench.regular_files import open_regular

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
    is a string, in JSONL and Parquet also a list of strings. `mmbench.data.rows.pair_rows` says how
    rows become samples. CSV and TSV are UTF-8 with a header, quoted as Excel does it.

    Raises DataError, with file and line or row, for what cannot be read; UnknownName for a column
    that is not there.
    """
    file = find_file(root, "table", (*TABLES, ".parquet"))
    read = _parquet_rows if file.suffix.lower() == ".parquet" else _text_rows
    rows = read(file, columns)
    return pair_rows(rows, str(file), file.parent)


def _text_rows(file: Path, columns: Columns) -> Iterator[Row]:
    records = read_records(file)
    present = list(dict.fromkeys(name for record in records for name in record.cells))
    chosen = choose_columns(columns, present, str(file))
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

    spool = Spool(cache_folder())
    start = expanded = 0
    try:
        with open_regular(file) as stream:
            # Buffering ahead would hold the whole file before it ends.
            parquet = pq.ParquetFile(stream, pre_buffer=False)
            stored = file.stat().st_size
            refuse_inflated_groups(parquet.metadata, stored, file)
            chosen = choose_columns(columns, parquet.schema_arrow.names, str(file))
            for batch in parquet.iter_batches(_BATCH, columns=list(dict.fromkeys(chosen.values()))):
                part = pa.Table.from_batches([batch])
                expanded += expanded_bytes(batch)
                refuse_inflation(stored, expanded, file, "the table")
                put = partial(_put, spool, part[chosen["image"]], start)
                yield from arrow_rows(part, chosen, start, str(file), put)
                start += part.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read: {' '.join(str(error).split())}") from error


def _put(spool: Spool, column: pa.ChunkedArray, start: int, number: int) -> Callable[[], bytes]:
    return spool.add(cell_bytes(column[number - start].as_py()))
