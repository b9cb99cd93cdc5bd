"""The sample table of a data set, which is stored next to the records of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from mmbench.columns import (
    Repeated,
    are_texts,
    column,
    entries,
    names_in,
    rows_not_none,
    rows_of_type,
)
from mmbench.datasets import RetrievalData
from mmbench.engine.recording.rows import encoded_cells
from mmbench.engine.recording.stored_media import StoredMedia
from mmbench.protocols import Dataset
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.storage.media_places import media_place
from mmbench.storage.row_columns import arrow_column
from mmbench.storage.sample_tables import DATA, LABELS, MEDIA, TEXT, SampleTable
from mmbench.types import Media, MediaPlace, Sample
from mmbench.validation.safe_parse import encode_json

if TYPE_CHECKING:
    import pyarrow as pa

REFERENCE = "reference"  # the name of an image or audio clip that is the target of a sample
_COLUMNS = ("role", "id", "group", "tags", "target", "relevant")


def sample_table(data: Dataset) -> SampleTable:
    """Return the sample table of a data set. It is built when it is first used.

    Samples without any input and reference (ids that embeddings brought) are left out.
    """
    return SampleTable(partial(_arrow_table, data), data.source)


def _arrow_table(data: Dataset) -> pa.Table:
    import pyarrow as pa

    with ContentKeys(cache_folder()) as keys:
        stored = _MediaPlaces(keys)
        parts = [
            _columns(data, role, samples, stored)
            for role, samples in data.by_role().items()
            if _has_contents(samples)
        ]
    names = dict.fromkeys((*_COLUMNS, *chain.from_iterable(parts)))
    chunks = {name: [_cells(part, name) for part in parts] for name in names}
    columns = {name: _joined(arrays) for name, arrays in chunks.items()}
    labels = msgspec.json.encode([str(label) for label in getattr(data, "labels", ())])
    return pa.table(columns).replace_schema_metadata({LABELS: labels})


def _has_contents(samples: Sequence[Sample]) -> bool:
    targets = column(samples, "target")
    return bool(names_in(column(samples, "inputs"))) or bool(rows_not_none(targets))


def _cells(part: dict[str, pa.ChunkedArray], name: str) -> pa.ChunkedArray:
    import pyarrow as pa

    return part[name] if name in part else pa.chunked_array([pa.nulls(len(part["id"]))])


def _joined(arrays: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Return the columns of all roles as one; a column that a role lacks is null there."""
    import pyarrow as pa

    kinds = [array.type for array in arrays if not pa.types.is_null(array.type)]
    kind = kinds[0] if kinds else pa.string()
    return pa.chunked_array([chunk for a in arrays for chunk in a.cast(kind).chunks], kind)


def _columns(
    data: Dataset, role: str, samples: Sequence[Sample], stored: _MediaPlaces
) -> dict[str, pa.ChunkedArray]:
    """Return the columns of the samples with a role."""
    inputs, targets = column(samples, "inputs"), column(samples, "target")
    table: dict[str, Sequence[Any]] = {
        "role": Repeated(role, len(samples)),
        "id": column(samples, "id"),
        "group": column(samples, "group"),
        "tags": encoded_cells(column(samples, "tags")),
        "target": encoded_cells(targets),
    }
    if role == "query" and isinstance(data, RetrievalData):
        relevant = (data.positives(query) for query in samples)
        table["relevant"] = [msgspec.json.encode(grades).decode() for grades in relevant]
    for name in names_in(inputs):
        table |= _input_columns(name, entries(inputs, name), stored)
    if rows_of_type(targets, Media):
        table |= _input_columns(REFERENCE, targets, stored)
    return {name: arrow_column(values) for name, values in table.items()}


def _input_columns(
    name: str, contents: Sequence[Any], stored: _MediaPlaces
) -> dict[str, Sequence[Any]]:
    """Return the columns of one input: its texts, and the places and the bytes of its media."""
    if are_texts(contents):
        return {TEXT + name: contents}
    texts = [content if isinstance(content, str) else None for content in contents]
    media = [stored.place(content) for content in contents]
    columns: dict[str, Sequence[Any]] = {
        TEXT + name: texts,
        MEDIA + name: [None if place is None else _json(place) for place in media],
        DATA + name: [None if place is None else place.data for place in media],
    }
    return {key: cells for key, cells in columns.items() if rows_not_none(cells)}


def _json(place: MediaPlace) -> str:
    return encode_json(replace(place, data=None)).decode()


class _MediaPlaces:
    """The places of media, with the bytes of media that are in no file (`StoredMedia`)."""

    def __init__(self, keys: ContentKeys) -> None:
        self._keys, self._stored = keys, StoredMedia()

    def place(self, content: object) -> MediaPlace | None:
        """Return the place of a media item; None for other contents."""
        if not isinstance(content, Media):
            return None
        content = replace(content, perturbation=None)  # the table has the original
        key = self._keys.known(content)
        place = replace(media_place(content), key=key.hex() if key else "")
        return replace(place, data=self._stored.data(content, place))
