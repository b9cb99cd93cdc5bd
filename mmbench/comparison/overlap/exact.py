"""Equal contents: the same bytes, the same pixels, the same text.

| match | contents |
|---|---|
| `bytes` | media with the same bytes |
| `pixels` | images with the same decoded pixels: the same picture in another lossless file |
| `text` | texts with the same characters |
| `words` | texts with the same words, without case and punctuation |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

from mmbench import media
from mmbench.comparison.overlap.items import BenchmarkItem
from mmbench.comparison.overlap.training_rows import TrainingItem
from mmbench.errors import SampleError
from mmbench.media.image import image_size
from mmbench.storage.content_keys import KEY_BYTES, ContentKeys, digest
from mmbench.text.words import words
from mmbench.types import Media

ExactKind = Literal["bytes", "pixels", "text", "words"]
_STRONGER = {"bytes": 0, "pixels": 1, "text": 0, "words": 1}


class ExactMatch(NamedTuple):
    """The first training row with the strongest match, and the number of equal rows."""

    kind: ExactKind
    train_id: str
    times: int


class ExactIndex:
    """The contents of a test set by their keys, to which training rows are compared.

    `matches` has a match for each item that was found, by its number. Memory: a few keys for each
    test item; training rows are not kept. An image of the training list is decoded only if a test
    image has its size.
    """

    def __init__(self, items: Sequence[BenchmarkItem], keys: ContentKeys) -> None:
        self.matches: dict[int, ExactMatch] = {}
        self.unreadable = 0  # training media
        self._keys = keys
        self._texts = {n: i.content for n, i in enumerate(items) if isinstance(i.content, str)}
        self._words = _numbers((words(text), n) for n, text in self._texts.items())
        images = [(n, i.content) for n, i in enumerate(items) if isinstance(i.content, Media)]
        self._bytes = _numbers((self._bytes_key(one), n) for n, one in images)
        pictures = [(n, one) for n, one in images if one.modality == "image"]
        self._sizes = {_size(one) for _, one in pictures} - {None}
        self._pixels = _numbers((self._pixels_key(one), n) for n, one in pictures)

    def compare(self, training: Iterable[TrainingItem]) -> None:
        """Compare contents of the training list with the test set."""
        for item in training:
            if isinstance(item.content, str):
                self._compare_text(item.id, item.content)
            else:
                self._compare_medium(item.id, item.content)

    def _compare_text(self, train_id: str, text: str) -> None:
        for number in self._words.get(words(text), ()):
            self._add(number, "text" if self._texts[number] == text else "words", train_id)

    def _compare_medium(self, train_id: str, medium: Media) -> None:
        key = self._bytes_key(medium)
        if key is None:
            self.unreadable += 1
            return
        numbers = dict.fromkeys(self._bytes.get(key, ()))
        for number in numbers:
            self._add(number, "bytes", train_id)
        if medium.modality == "image" and self._sizes and _size(medium) in self._sizes:
            for number in self._pixels.get(self._pixels_key(medium), ()):
                if number not in numbers:
                    self._add(number, "pixels", train_id)

    def _add(self, number: int, kind: ExactKind, train_id: str) -> None:
        known = self.matches.get(number)
        if known is None:
            self.matches[number] = ExactMatch(kind, train_id, 1)
        elif _STRONGER[kind] < _STRONGER[known.kind]:
            self.matches[number] = ExactMatch(kind, train_id, known.times + 1)
        else:
            self.matches[number] = known._replace(times=known.times + 1)

    def _bytes_key(self, medium: Media) -> bytes | None:
        """Return the hash of the bytes of a media item, which is the same in a file and an archive.

        Return None if the bytes cannot be read.
        """
        try:
            if medium.read is None:
                return self._keys.file(Path(medium.name))
            return blake2b(media.read_bytes(medium), digest_size=KEY_BYTES).digest()
        except SampleError:
            return None

    def _pixels_key(self, image: Media) -> bytes | None:
        try:
            pixels = media.decode_image(media.read_bytes(image), image.name)
        except SampleError:
            return None
        return digest(str(pixels.size), pixels.tobytes())


def _size(image: Media) -> tuple[int, int] | None:
    """Return the shorter and the longer side; an EXIF orientation may exchange width and height."""
    size = image_size(image)
    return None if size is None else (min(size), max(size))


def _numbers(pairs: Iterable[tuple[object, int]]) -> dict[object, list[int]]:
    """Return the numbers of the items by key; items without a key are left out."""
    numbers: dict[object, list[int]] = {}
    for key, number in pairs:
        if key is not None:
            numbers.setdefault(key, []).append(number)
    return numbers
