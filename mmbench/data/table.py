"""The data source `table`: CSV, TSV, JSONL or Parquet with a column of images and one of texts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from mmbench.contents import cache_folder
from mmbench.data.arrow import arrow_rows, cell_bytes
from mmbench.data.jsonfile import decode_json, decode_text, read_file
from mmbench.data.rows import Row, choose_columns, pair_rows
from mmbench.data.spool import Spool
from mmbench.errors import DataError
from mmbench.types import RetrievalData

Columns = Mapping[str, str] | None

_BATCH = 64  # rows of a Parquet file held at a time


def table(root: Path | None, *, columns: dict[str, str] | None = None) -> RetrievalData:
    """Texts as queries ("text"), images as corpus ("image"), from the rows of one file.

    `root` is a .csv, .tsv, .jsonl or .parquet file, or a folder that holds a single one. The
    columns are `image`, `text` and, if they are there, `id` and `image_id`; `columns` renames:
    {image: file_name, text: caption}. An image is a path, relative to the file or found in an image
    folder beside it (`find_images`), or in Parquet also bytes or a struct of bytes and path. A text
    is a string, in JSONL and Parquet also a list of strings. `mmbench.data.rows.pair_rows` says how
    rows become samples. CSV and TSV are UTF-8 with a header, quoted as Excel does it.

    Raises DataError, with file and line or row, for what cannot be read; UnknownName for a column
    that is not there.
    """
    file = _table_file(root)
    rows = _READERS[file.suffix.lower()](file, columns)
    return pair_rows(rows, str(file), file.parent)


def _table_file(root: Path | None) -> Path:
    kinds = ", ".join(_READERS)
    if root is None or not root.exists():
        given = "data source table was given no data" if root is None else f"{root}: no such file"
        raise DataError(f"{given}: give --data FILE ({kinds}), or a folder that holds one")
    if root.is_file():
        files = [root]
    else:
        files = sorted(file for file in root.iterdir() if file.suffix.lower() in _READERS)
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise DataError(f"{root}: which of {names}? Give the file itself: --data {files[0]}")
    if not files or files[0].suffix.lower() not in _READERS:
        raise DataError(f"{root}: not a table: a file is needed that ends in one of {kinds}")
    return files[0]


def _csv_rows(file: Path, columns: Columns, delimiter: str = ",") -> Iterator[Row]:
    text = decode_text(read_file(file), file)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        if not header:
            raise DataError(f"{file}: has no header line to name its columns")
        chosen = choose_columns(columns, header, str(file))
        place = {key: header.index(name) for key, name in chosen.items()}
        for cells in reader:
            if len(cells) == len(header):
                # An empty cell is an empty text, but no image and no id.
                values = {key: cells[at] or None for key, at in place.items()}
                yield Row(f"line {reader.line_num}", **values | {"text": cells[place["text"]]})
            elif cells:
                raise DataError(
                    f"{file} line {reader.line_num}: {len(cells)} fields where the header has"
                    f" {len(header)}: put quotes around a field that holds the separator"
                )
    except csv.Error as error:
        raise DataError(f"{file} line {reader.line_num}: {error}") from error


def _tsv_rows(file: Path, columns: Columns) -> Iterator[Row]:
    return _csv_rows(file, columns, "\t")


def _jsonl_rows(file: Path, columns: Columns) -> Iterator[Row]:
    lines = enumerate(read_file(file).split(b"\n"), start=1)
    entries = {
        number: decode_json(line, dict[str, Any], file, line=number)
        for number, line in lines
        if line.strip()
    }
    if not entries:
        raise DataError(f"{file}: has no line")
    present = list(dict.fromkeys(name for entry in entries.values() for name in entry))
    chosen = choose_columns(columns, present, str(file))
    for number, entry in entries.items():
        values = {key: entry.get(name) for key, name in chosen.items()}
        for key in ("image", "text"):
            if chosen[key] not in entry:
                raise DataError(f"{file} line {number}: has no {chosen[key]!r} (null says: none)")
        if not isinstance(values["image"], str | None):
            raise DataError(f"{file} line {number}: image is not a path but {values['image']!r}")
        yield Row(f"line {number}", **values)


def _parquet_rows(file: Path, columns: Columns) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    spool = Spool(cache_folder())
    start = 0
    try:
        # Buffering ahead would hold the whole file before it ends.
        parquet = pq.ParquetFile(file, pre_buffer=False)
        chosen = choose_columns(columns, parquet.schema_arrow.names, str(file))
        for batch in parquet.iter_batches(_BATCH, columns=list(dict.fromkeys(chosen.values()))):
            part = pa.Table.from_batches([batch])
            put = partial(_put, spool, part[chosen["image"]], start)
            yield from arrow_rows(part, chosen, start, str(file), put)
            start += part.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file}: cannot be read: {' '.join(str(error).split())}") from error


def _put(spool: Spool, column: Any, start: int, number: int) -> Callable[[], bytes]:
    return spool.add(cell_bytes(column[number - start].as_py()))


_READERS: dict[str, Callable[[Path, Columns], Iterator[Row]]] = {
    ".csv": _csv_rows,
    ".tsv": _tsv_rows,
    ".jsonl": _jsonl_rows,
    ".parquet": _parquet_rows,
}
