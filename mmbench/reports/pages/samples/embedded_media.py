"""The media of samples as parts of pages: of a single file, or of a site."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.media.endings import HEAD, WEB_TYPES, web_ending
from mmbench.reports.pages.samples.media import (
    RECODED_NOTE,
    RECODED_VIDEO,
    THUMBNAIL,
    UNPLAYABLE,
    MediaMode,
    PageMedia,
    ShownMedium,
    element_of,
)
from mmbench.reports.pages.samples.previews import check_sound, decode_preview, shrink, to_webm
from mmbench.storage.data_folders import PermittedFiles
from mmbench.types import MediaPlace

if TYPE_CHECKING:
    from PIL.Image import Image

EMBEDDED = 640  # pixels of the longer side of an embedded image
EMBEDDED_AS_IS = 64 << 10  # bytes up to which an image is embedded without recoding
EMBEDDED_MEDIUM = 1 << 20  # bytes up to which a sound or a video is embedded
EMBEDDED_TOTAL = 64 << 20  # characters of all embedded media in a page
LISTED = 128  # pixels of the longer side of an image in the list of samples of a site


class EmbeddedMedia(PageMedia):
    """Media that are part of a page, as `data:` URLs, or linked from a single page.

    Images of more than `EMBEDDED_AS_IS` bytes are recoded to at most `EMBEDDED` pixels. A video
    that is too large is shown by one frame, and a sound that is too large by a note. After
    `EMBEDDED_TOTAL` characters, media are shown by notes. With `site`, images also have a small
    preview, because the list of all samples of a site is loaded at once, and their details are not;
    a single page stores each image once.
    """

    _previews_all = False
    _characters = 0

    def __init__(
        self,
        mode: MediaMode,
        base: Path | None,
        permitted: PermittedFiles | None = None,
        *,
        site: bool = False,
    ) -> None:
        super().__init__(mode, base, permitted)
        self._site = site

    def _read(self, place: MediaPlace, name: str, data: bytes) -> ShownMedium:
        ending = web_ending(data[:HEAD], place.modality)
        element = element_of(place.modality, ending)
        if place.modality == "audio":
            note = UNPLAYABLE if not ending else self._too_large(data)
            if not note:
                check_sound(data, place.name)
            source = "" if note else _data_url(data, WEB_TYPES[ending])
            return ShownMedium(element, name, source, note=note)
        picture = decode_preview(data, place.name, place.modality, place.span)
        if element == "image":
            is_small = ending and len(data) <= EMBEDDED_AS_IS
            source = _data_url(data, WEB_TYPES[ending]) if is_small else _webp(picture, EMBEDDED)
            preview = _smaller(picture, source) if self._site else source
            return ShownMedium(element, name, source, preview)
        preview = _webp(picture, LISTED if self._site else THUMBNAIL)
        video = data if ending else to_webm(data, place.name, RECODED_VIDEO)
        if note := self._too_large(video):
            return ShownMedium("image", name, _webp(picture, EMBEDDED), preview, note)
        source = _data_url(video, WEB_TYPES[ending or ".webm"])
        return ShownMedium(element, name, source, preview, "" if ending else RECODED_NOTE)

    def _admit(self, medium: ShownMedium) -> ShownMedium:
        urls = {url for url in (medium.source, medium.preview) if url.startswith("data:")}
        characters = sum(map(len, urls))
        if self._characters + characters > EMBEDDED_TOTAL:
            pages = "site" if self._site else "page"
            limit = f"not embedded, because the {pages} has {EMBEDDED_TOTAL >> 20} MB of media"
            return ShownMedium(medium.modality, medium.name, note=f"{limit}; {self._advice()}")
        self._characters += characters
        return medium

    def _too_large(self, data: bytes) -> str:
        """Return a note for a sound or a video that is too large for a page; "" if it is not."""
        if len(data) <= EMBEDDED_MEDIUM:
            return ""
        size = f"{len(data) / (1 << 20):.1f} MB exceed the limit of {EMBEDDED_MEDIUM >> 20} MB"
        return f"not embedded, because {size}; {self._advice()}"

    def _advice(self) -> str:
        return "use --media copy" if self._site else "use --site DIR"


def _data_url(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{b64encode(data).decode()}"


def _webp(picture: Image, side: int) -> str:
    return _data_url(shrink(picture, side), "image/webp")


def _smaller(picture: Image, url: str) -> str:
    """Return the URL of an image for a list, or `url` if that is shorter."""
    return min(_webp(picture, LISTED), url, key=len)
