"""The images, sounds and videos of samples in pages: links, copies, embedded data, thumbnails."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from mmbench.comparison.samples.output_text import span_text
from mmbench.errors import SampleError
from mmbench.media.endings import HEAD, WEB_TYPES, web_ending
from mmbench.storage.data_folders import PermittedFiles
from mmbench.storage.media_places import MOST_BYTES, read_place
from mmbench.text import plain
from mmbench.types import MediaPlace
from mmbench.validation.regular_files import open_regular

MediaMode = Literal["link", "copy", "embed", "none"]

THUMBNAIL = 256  # pixels of the longer side of a thumbnail
RECODED_VIDEO = 480  # the same for a video in a format that browsers do not play

OUTSIDE = "outside the folders of data that commands on this machine have read"
UNPLAYABLE = "browsers do not play its format"
RECODED_NOTE = "recoded as WebM without sound, because browsers do not play the original's format"


class ShownMedium(NamedTuple):
    """A medium as a page shows it.

    `source` is the URL of the medium, and `preview` the URL of a small image of it. Both are
    relative to the folder of the site or the page, or have a scheme (`data:`, `file:`). A URL is ""
    if there is none; `note` says why.
    """

    modality: str
    name: str
    source: str = ""
    preview: str = ""
    note: str = ""


class PageMedia:
    """Decides how a page shows the media of samples, and keeps the decision for repeated media.

    `base` is the folder of the site or the page, None for a site at a URL. A medium that cannot be
    read or decoded is shown as a note, and so is a file that is not among the `permitted` files:
    samples that were stored on another machine can name any file. None permits all files. Web
    addresses are never loaded.
    """

    _previews_all = True  # whether linked media in formats that browsers show have previews, too

    def __init__(
        self, mode: MediaMode, base: Path | None, permitted: PermittedFiles | None = None
    ) -> None:
        self.mode, self._base, self._permitted = mode, base, permitted
        self._shown: dict[tuple[object, ...], ShownMedium] = {}

    def show(self, places: Sequence[MediaPlace]) -> list[ShownMedium]:
        """Return how the page shows each medium. The files that this needs are written.

        Raises UserError if a file of the site cannot be written.
        """
        keys = [_identity(place) for place in places]
        new = {key: p for key, p in zip(keys, places, strict=True) if key not in self._shown}
        with ThreadPoolExecutor(os.cpu_count() or 1, "media") as pool:
            for key, medium in zip(new, pool.map(self._prepare, new.values()), strict=True):
                self._shown[key] = self._admit(medium)
        return [self._shown[key] for key in keys]

    def _prepare(self, place: MediaPlace) -> ShownMedium:
        name = Path(place.name).name if place.name == place.path else place.name
        name = plain(f"{name}{span_text(place)}")
        try:
            unread = self._unread(place, name)
            return unread or self._read(place, name, read_place(place))
        except (SampleError, OSError, ValueError) as error:
            return ShownMedium(place.modality, name, note=plain(str(error)))

    def _unread(self, place: MediaPlace, name: str) -> ShownMedium | None:
        """Return a medium that is shown without its bytes; None for a medium that must be read."""
        if place.data is None and not place.path:
            note = "at a web address, which pages do not load" if place.url else "not stored"
            return ShownMedium(place.modality, plain(place.url) or name, note=note)
        if self.mode == "none":
            return ShownMedium(place.modality, name, note="left out, because of --media none")
        if place.data is None and not self._is_permitted(place.path):
            return ShownMedium(place.modality, name, note=OUTSIDE)
        return self._linked(place, name) if self._has_own_file(place) else None

    def _is_permitted(self, path: str) -> bool:
        """Return whether a page may show a file. Raises OSError or ValueError."""
        return self._permitted is None or path in self._permitted

    def _has_own_file(self, place: MediaPlace) -> bool:
        return self.mode == "link" and place.data is None and place.inside is None

    def _linked(self, place: MediaPlace, name: str) -> ShownMedium | None:
        """Return a medium as a link to its file; None if the page also needs its bytes."""
        ending, size = _format_of(place)
        has_preview = place.modality != "audio" and (self._previews_all or not ending)
        if has_preview and size <= MOST_BYTES:
            return None
        link = played_part(self._link(place.path), place) if ending else ""
        note = "" if ending else UNPLAYABLE
        return ShownMedium(element_of(place.modality, ending), name, link, note=note)

    def _link(self, path: str) -> str:
        """Return the URL of a file on disk, relative to the folder of the site or the page."""
        absolute = Path(path).absolute()
        if self._base is None:
            return absolute.as_uri()
        try:
            relative = os.path.relpath(absolute, self._base.absolute())
        except ValueError:  # on another drive
            return absolute.as_uri()
        return "/".join(quote(os.fsencode(part), safe="") for part in Path(relative).parts)

    def _read(self, place: MediaPlace, name: str, data: bytes) -> ShownMedium:
        """Return a medium that has the bytes `data`. Raises SampleError if it is unreadable."""
        raise NotImplementedError

    def _admit(self, medium: ShownMedium) -> ShownMedium:
        """Return a medium unless a limit of the page is reached; then a note."""
        return medium


def played_part(url: str, place: MediaPlace) -> str:
    """Return the URL of a video with the part that a browser plays, as a media fragment."""
    return url if place.span is None else f"{url}#t={place.span[0]:g},{place.span[1]:g}"


def _identity(place: MediaPlace) -> tuple[object, ...]:
    inside = None if place.inside is None else repr(place.inside)
    named = place.modality, place.name, place.path, place.url
    return *named, inside, place.key, place.data, place.span


def _format_of(place: MediaPlace) -> tuple[str, int]:
    """Return the ending of a file by its content, and its size. Raises SampleError."""
    try:
        with open_regular(place.path) as file:
            return web_ending(file.read(HEAD), place.modality), os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SampleError(f"cannot be read: {reason}") from error


def element_of(modality: str, ending: str) -> str:
    """Return the modality by which a page shows a medium: an animated GIF is an image."""
    return "image" if WEB_TYPES.get(ending, "").startswith("image/") else modality
