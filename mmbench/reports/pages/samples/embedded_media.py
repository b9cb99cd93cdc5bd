"""The media of samples in a page that is a single file."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from mmbench.media.endings import HEAD, WEB_TYPES, web_ending
from mmbench.reports.pages.samples.media import (
    RECODED_NOTE,
    RECODED_VIDEO,
    THUMBNAIL,
    UNPLAYABLE,
    PageMedia,
    ShownMedium,
    element_of,
)
from mmbench.reports.pages.samples.previews import decode_preview, shrink, to_webm
from mmbench.types import MediaPlace

if TYPE_CHECKING:
    from PIL.Image import Image

EMBEDDED = 640  # pixels of the longer side of an embedded image
EMBEDDED_AS_IS = 64 << 10  # bytes up to which an image is embedded without recoding
EMBEDDED_MEDIUM = 1 << 20  # bytes up to which a sound or a video is embedded
EMBEDDED_TOTAL = 64 << 20  # characters of all embedded media in a page


class EmbeddedMedia(PageMedia):
    """Media that are part of a page, as `data:` URLs, or linked from a single page.

    Images of more than `EMBEDDED_AS_IS` bytes are recoded to at most `EMBEDDED` pixels. A video
    that is too large is shown by one frame, and a sound that is too large by a note. After
    `EMBEDDED_TOTAL` characters, media are shown by notes.
    """

    _previews_all = False
    _characters = 0

    def _read(self, place: MediaPlace, name: str, data: bytes) -> ShownMedium:
        ending = web_ending(data[:HEAD], place.modality)
        element = element_of(place.modality, ending)
        if place.modality == "audio":
            note = UNPLAYABLE if not ending else _too_large(data)
            source = "" if note else _data_url(data, WEB_TYPES[ending])
            return ShownMedium(element, name, source, note=note)
        picture = decode_preview(data, place.name, place.modality)
        if element == "image":
            is_small = ending and len(data) <= EMBEDDED_AS_IS
            source = _data_url(data, WEB_TYPES[ending]) if is_small else _webp(picture, EMBEDDED)
            return ShownMedium(element, name, source, source)
        preview = _webp(picture, THUMBNAIL)
        video = data if ending else to_webm(data, place.name, RECODED_VIDEO)
        if note := _too_large(video):
            return ShownMedium("image", name, _webp(picture, EMBEDDED), preview, note)
        source = _data_url(video, WEB_TYPES[ending or ".webm"])
        return ShownMedium(element, name, source, preview, "" if ending else RECODED_NOTE)

    def _admit(self, medium: ShownMedium) -> ShownMedium:
        urls = {url for url in (medium.source, medium.preview) if url.startswith("data:")}
        characters = sum(map(len, urls))
        if self._characters + characters > EMBEDDED_TOTAL:
            limit = f"not embedded, because the page has {EMBEDDED_TOTAL >> 20} MB of media"
            return ShownMedium(medium.modality, medium.name, note=f"{limit}; use --site DIR")
        self._characters += characters
        return medium


def _data_url(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{b64encode(data).decode()}"


def _webp(picture: Image, side: int) -> str:
    return _data_url(shrink(picture, side), "image/webp")


def _too_large(data: bytes) -> str:
    """Return a note for a sound or a video that is too large for a page; "" if it is not."""
    if len(data) <= EMBEDDED_MEDIUM:
        return ""
    size = f"{len(data) / (1 << 20):.1f} MB exceed the limit of {EMBEDDED_MEDIUM >> 20} MB"
    return f"not embedded, because {size}; use --site DIR"
