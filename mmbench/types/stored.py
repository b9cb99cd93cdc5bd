"""The samples of a data set as they are stored next to the records of its runs."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from mmbench.types.content import Modality


class PlaceInFile(Struct, frozen=True, omit_defaults=True):
    """The place of a media item in a file: a range of bytes, a cell of a Parquet file, or a part of
    a recording.

    `pixels` is the height and the width if the bytes are not encoded, but the red, green and blue
    values of an image, one colour after the other. A part of a recording begins at `start`, in
    seconds, and lasts `seconds`, or to the end of the recording if that is None; `channel` is the
    number of its only channel, from 0, or None for all channels.
    """

    offset: int | None = None
    length: int = 0
    pixels: tuple[int, int] | None = None
    column: str = ""
    row: int | None = None
    start: float | None = None
    seconds: float | None = None
    channel: int | None = None


class MediaPlace(Struct, frozen=True, omit_defaults=True):
    """The place of an image, an audio clip or a video; `read_place` in `mmbench.storage` reads it.

    Messages show `name`. `path` is the file, or the file that contains the media item at the place
    `inside`; it is "" if there is no such file. `url` is set for an item on the web, which is never
    loaded. `key` is the content key in hexadecimal digits, "" if it is unknown. `data` has the
    encoded bytes of an item that a data source made in memory, if they were stored. `span` is the
    part of a video that was evaluated, from start to end in seconds; None for all.
    """

    modality: Modality
    name: str
    path: str = ""
    url: str = ""
    inside: PlaceInFile | None = None
    key: str = ""
    data: bytes | None = None
    span: tuple[float, float] | None = None


class StoredSample(Struct, frozen=True):
    """A sample of a stored data set.

    `role` is `sample`, or `query` or `corpus` in retrieval. `texts` and `media` are its inputs by
    name. `target` is the reference as the rows of runs store it. `relevant` has the grades of the
    relevant documents of a query by id; it is None for other samples.
    """

    role: str
    id: str
    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    media: dict[str, MediaPlace] = field(default_factory=dict)
    target: Any = None
    relevant: dict[str, float] | None = None
