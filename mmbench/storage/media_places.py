"""Places of images, audio and videos: a file, a place inside a file, or a URL."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mmbench.errors import SampleError
from mmbench.media import read_bytes
from mmbench.media.inside import MediaInFile, as_ppm
from mmbench.media.recordings import cut
from mmbench.types import Media, MediaPlace, PlaceInFile
from mmbench.validation.inflation import refuse_inflated_groups
from mmbench.validation.regular_files import open_regular

MOST_BYTES = 512 << 20  # of a media item that is read


def media_place(medium: Media) -> MediaPlace:
    """Return the place of a media item, without its content key and its bytes."""
    place = MediaPlace(medium.modality, medium.name, span=medium.span)
    if medium.read is None:
        if "://" in medium.name:
            return replace(place, url=medium.name)
        return replace(place, path=str(Path(medium.name).absolute()))
    part = medium.read
    at = part.file.place(part.number) if isinstance(part, MediaInFile) else None
    return place if at is None else replace(place, path=str(at[0].absolute()), inside=at[1])


def read_place(place: MediaPlace, most: int = MOST_BYTES) -> bytes:
    """Return the encoded bytes of a stored media item.

    Raises SampleError if they cannot be read or are more than `most`. An item on the web is not
    loaded.
    """
    if place.data is not None:
        return place.data
    if not place.path:
        what = "on the web, where mmbench does not load it" if place.url else "not stored"
        raise SampleError(f"{place.name}: the {place.modality} is {what}")
    inside = place.inside
    if inside is None:
        return read_bytes(Media(place.modality, place.path, lambda: _whole(place.path, most)))
    part = partial(_part, Path(place.path), inside, most)
    return read_bytes(Media(place.modality, place.name, part))


def _whole(path: str, most: int) -> bytes:
    """Return the bytes of a file. Raises OSError or ValueError."""
    with open_regular(path) as stream:
        _refuse_large(os.fstat(stream.fileno()).st_size, most)
        return stream.read(most)


def _refuse_large(size: int, most: int) -> None:
    if size > most:
        raise ValueError(f"{size:,} bytes exceed the limit of {most:,}")


def _part(file: Path, place: PlaceInFile, most: int) -> bytes:
    """Return the bytes of a media item inside a file. Raises OSError or ValueError."""
    if place.start is not None:
        with open_regular(file) as stream:
            return cut(stream, place, str(file), most)
    if place.offset is None:
        return _cell(file, place.column, place.row or 0)
    _refuse_large(place.length, most)
    with open_regular(file) as stream:
        data = os.pread(stream.fileno(), place.length, place.offset)
    if len(data) < place.length:
        raise ValueError(f"{file} is shorter than when the run read it")
    return data if place.pixels is None else as_ppm(data, *place.pixels)


def _cell(file: Path, column: str, row: int) -> bytes:
    """Return the bytes in a cell of a Parquet file, which holds bytes or structs with `bytes`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open_regular(file) as stream, pq.ParquetFile(stream) as parquet:
            refuse_inflated_groups(parquet.metadata, file.stat().st_size, file)
            group, row = _group_of(parquet, row)
            value = parquet.read_row_group(group, [column], use_threads=False)[column][row].as_py()
    except (pa.ArrowException, KeyError, IndexError) as error:
        raise ValueError(f"{file}: no row {row} with a column {column}") from error
    return (value.get("bytes") if isinstance(value, dict) else value) or b""


def _group_of(parquet: Any, row: int) -> tuple[int, int]:
    """Return the number of the row group of a row, and the row's number in this group."""
    for group in range(parquet.num_row_groups):
        rows = parquet.metadata.row_group(group).num_rows
        if row < rows:
            return group, row
        row -= rows
    raise IndexError(row)
