"""Sample tables: the samples of a data set, stored once next to the records of its runs.

The file is `OUT/runs/<task>/data-<data hash>.parquet`. It has a row for each sample, so that the
inputs of a run can be shown without the model and without the data source. The columns are `role`,
`id`, `group`, `tags`, `target`, `relevant`; `text:NAME` for each input that is a text; and, for
each input that is an image, an audio clip or a video, `media:NAME` (a `MediaPlace` as JSON) and
`data:NAME` (its bytes, if they are in no file). docs/records.md describes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from mmbench.columns import Texts
from mmbench.errors import DataError
from mmbench.storage.file_names import component_fault
from mmbench.storage.folders import RUNS, Folder
from mmbench.types import MediaPlace, StoredSample
from mmbench.validation.inflation import refuse_inflated_groups
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import pyarrow as pa

TEXT, MEDIA, DATA = "text:", "media:", "data:"  # the first part of the names of columns
LABELS, SOURCE = b"mmbench.labels", b"mmbench.source"  # keys in the metadata of the schema
_STRINGS = ("role", "id", "group", "tags", "target", "relevant")


class SampleTable:
    """The samples of a data set by role and id: a `mmbench.protocols.StoredSamples`.

    `build` returns the Arrow table with the columns above; it is called when the table is first
    used, so that the table of a data set that is already stored costs nothing. `source` is the
    origin of the data, and `path` the file, "" for a table that is not stored.
    """

    def __init__(
        self, build: Callable[[], pa.Table], source: Mapping[str, str], path: str = ""
    ) -> None:
        self._build, self._path = build, path
        self.source = dict(source)

    @cached_property
    def arrow(self) -> pa.Table:
        """The table with the columns of the file."""
        return self._build()

    @property
    def labels(self) -> list[str]:
        """The class names; [] if the data have none."""
        return parse_json((self.arrow.schema.metadata or {}).get(LABELS, b"[]"), list[str])

    def __len__(self) -> int:
        return len(self.arrow)

    def ids(self, role: str) -> list[str]:
        """Return the ids of the samples with a role, in order."""
        return list(self._rows.get(role, {}))

    def get(self, role: str, ident: str) -> StoredSample | None:
        """Return a sample, or None if the table does not have it.

        Raises DataError if the row cannot be read.
        """
        row = self._rows.get(role, {}).get(ident)
        return None if row is None else self._sample(row)

    @cached_property
    def _rows(self) -> dict[str, dict[str, int]]:
        """The row numbers by role and id."""
        rows: dict[str, dict[str, int]] = {}
        pairs = zip(Texts(self.arrow["role"]), Texts(self.arrow["id"]), strict=True)
        for row, (role, ident) in enumerate(pairs):
            rows.setdefault(role, {})[ident] = row
        return rows

    def _sample(self, row: int) -> StoredSample:
        cells = {name: self.arrow[name][row].as_py() for name in self.arrow.column_names}
        try:
            return _stored_sample(cells)
        except ValueError as error:
            where = f"{self._path}: " if self._path else ""
            raise DataError(
                f"{where}sample {cells['id']}: its stored row cannot be read: {error}"
            ) from error


def _stored_sample(cells: Mapping[str, Any]) -> StoredSample:
    """Return the sample in a row. Raises ValueError for cells that are not as described above."""
    target, relevant = cells["target"], cells["relevant"]
    places = _inputs(cells, MEDIA).items()
    media = {name: (parse_json(cell, MediaPlace), cells.get(DATA + name)) for name, cell in places}
    return StoredSample(
        role=cells["role"],
        id=cells["id"],
        group=cells["group"] or "",
        tags=parse_json(cells["tags"] or "{}", dict[str, str]),
        texts=_inputs(cells, TEXT),
        media={name: replace(place, data=data) for name, (place, data) in media.items()},
        target=None if target is None else parse_json(target),
        relevant=None if relevant is None else parse_json(relevant, dict[str, float]),
    )


def _inputs(cells: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Return the cells of one kind of column (`text:`, `media:`) that are not null, by input."""
    here = {name: cell for name, cell in cells.items() if name.startswith(kind)}
    return {name.removeprefix(kind): cell for name, cell in here.items() if cell is not None}


def table_name(task: str, data_hash: str) -> str:
    """Return the file name of a sample table in a board."""
    return f"{RUNS}/{task}/data-{data_hash}.parquet"


def write_sample_table(folder: Folder, name: str, samples: SampleTable) -> None:
    """Write a sample table, unless the folder has the table of this data set from the same source.

    Raises UserError if the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = msgspec.json.encode(samples.source)
    if _source_of(folder, name) == source:
        return
    table = samples.arrow
    metadata = {**(table.schema.metadata or {}), SOURCE: source}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(metadata), sink, compression="zstd")
    folder.write(name, bytes(sink.getvalue()))


def _source_of(folder: Folder, name: str) -> bytes | None:
    """Return the source in the metadata of a stored table; None if there is no readable table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(BytesIO(folder.read(name)))
    except (OSError, pa.ArrowException):
        return None
    return (schema.metadata or {}).get(SOURCE)


def read_sample_table(folder: Folder, task: str, data_hash: str) -> SampleTable | None:
    """Return the stored sample table of a data set; None if there is none.

    `folder` is a board, or the folder of the records of one task, if a record was given by its
    path. Raises DataError if the file is not a sample table.
    """
    if component_fault(task) or component_fault(data_hash):
        return None
    name = table_name(task, data_hash)
    for place in (name, name.rpartition("/")[2]):
        if (data := _read(folder, place)) is not None:
            return _stored_table(data, folder.path(place))
    return None


def _read(folder: Folder, name: str) -> bytes | None:
    """Return the contents of a file; None if it does not exist."""
    try:
        return folder.read(name)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{folder.path(name)} cannot be read: {error.strerror or error}") from error


def _stored_table(data: bytes, path: str) -> SampleTable:
    """Return the sample table in a file. Raises DataError if it is not a sample table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(BytesIO(data))
        refuse_inflated_groups(parquet.metadata, len(data), Path(path))
        table = parquet.read(use_threads=False)
        _refuse_odd_types(table)
        source = parse_json((table.schema.metadata or {}).get(SOURCE, b"{}"), dict[str, str])
        samples = SampleTable(lambda: table, source, path)
        _ = samples.labels  # raises ValueError
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path}: not a table of samples: {reason}; delete it, and run the model again"
        ) from error
    return samples


def _refuse_odd_types(table: pa.Table) -> None:
    """Raise ValueError for a column with values of another type, KeyError for a missing column."""
    import pyarrow as pa

    types = pa.types
    for name in (*_STRINGS, *(n for n in table.column_names if n.startswith((TEXT, MEDIA, DATA)))):
        kind = table[name].type
        if name.startswith(DATA):
            fits = types.is_binary(kind) or types.is_large_binary(kind)
        else:
            fits = types.is_string(kind) or types.is_large_string(kind)
        if not (fits or types.is_null(kind)):
            raise ValueError(f"column {name!r} has values of type {kind}")
