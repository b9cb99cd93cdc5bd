"""The media of samples in a site: links and copies, with thumbnails."""

from __future__ import annotations

from pathlib import Path

from mmbench.media.endings import HEAD, web_ending
from mmbench.reports.pages.samples.media import (
    RECODED_NOTE,
    RECODED_VIDEO,
    THUMBNAIL,
    UNPLAYABLE,
    MediaMode,
    PageMedia,
    ShownMedium,
    element_of,
    played_part,
)
from mmbench.reports.pages.samples.previews import check_sound, decode_preview, shrink, to_webm
from mmbench.reports.pages.site import Site
from mmbench.storage.content_keys import digest
from mmbench.storage.data_folders import PermittedFiles
from mmbench.types import MediaPlace

RECODED = 1280  # pixels of the longer side of an image in a format that browsers do not show

_FOLDER = "media"  # the folder of a site with copies and thumbnails


class SiteMedia(PageMedia):
    """Media of a site: linked or copied, with thumbnails of images and videos.

    Copies and thumbnails are named by content, so that media of several runs are stored once, and
    those of an earlier report are not made again. With `link`, media without a file of their own
    (in an archive, in memory) are copied.
    """

    def __init__(
        self,
        mode: MediaMode,
        site: Site,
        base: Path | None,
        permitted: PermittedFiles | None = None,
    ) -> None:
        super().__init__(mode, base, permitted)
        self._site = site

    def _read(self, place: MediaPlace, name: str, data: bytes) -> ShownMedium:
        ending, stem = web_ending(data[:HEAD], place.modality), _stem(place, data)
        element = element_of(place.modality, ending)
        if place.modality == "audio":
            return ShownMedium(element, name, *self._sound(place, data, f"{stem}{ending}", ending))
        recode = place.modality == "image" and not ending
        small = stem if place.span is None else f"{stem}-{place.span[0]:g}-{place.span[1]:g}"
        preview, large = self._small(place, data, small, recode=recode)  # refuses unreadable media
        if recode:
            return ShownMedium(element, name, large, preview)
        if not ending:
            copy = f"{stem}-{RECODED_VIDEO}.webm"
            if not self._site.has(copy):
                self._site.write(copy, to_webm(data, place.name, RECODED_VIDEO))
            return ShownMedium(element, name, played_part(copy, place), preview, RECODED_NOTE)
        is_linked = self._has_own_file(place)
        source = self._link(place.path) if is_linked else self._write(f"{stem}{ending}", data)
        return ShownMedium(element, name, played_part(source, place), preview)

    def _sound(
        self, place: MediaPlace, data: bytes, copy: str, ending: str
    ) -> tuple[str, str, str]:
        """Return the URL of the copy of a sound, no preview, and a note."""
        if not ending:
            return "", "", UNPLAYABLE
        if not self._site.has(copy):
            check_sound(data, place.name)
        return self._write(copy, data), "", ""

    def _small(self, place: MediaPlace, data: bytes, stem: str, *, recode: bool) -> tuple[str, str]:
        """Write small images of a medium that the site does not have; return their names.

        The first is a thumbnail. The second has at most `RECODED` pixels; it exists only with
        `recode` and for an image that is larger than a thumbnail, and is otherwise the thumbnail.
        """
        thumbnail, large = f"{stem}-{THUMBNAIL}.webp", f"{stem}-{RECODED}.webp"
        if self._site.has(thumbnail) and (not recode or self._site.has(large)):
            return thumbnail, large if recode else thumbnail
        picture = decode_preview(data, place.name, place.modality, place.span)
        self._write(thumbnail, shrink(picture, THUMBNAIL))
        if not recode or max(picture.size) <= THUMBNAIL:
            return thumbnail, thumbnail
        return thumbnail, self._write(large, shrink(picture, RECODED))

    def _write(self, file: str, data: bytes) -> str:
        """Write a file of the site; return its name."""
        if not self._site.has(file):
            self._site.write(file, data)
        return file


def _stem(place: MediaPlace, data: bytes) -> str:
    """Return the name of the files of a medium in a site, without ending.

    It is made of the content and not of the stored content key, which may be that of another file.
    """
    key = digest(place.modality, data).hex()
    return f"{_FOLDER}/{key[:2]}/{key}"
