"""Rows of a JSON file of image captions in the format of COCO or Karpathy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Raw

from mmbench.columns import pack
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import matches
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.layouts.caption_annotations import find_annotations, read_annotations
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.types import Modality

_PLACES = ("", "annotations", "karpathy", "caption_datasets")
_SPLIT = "test"  # of a Karpathy file


def is_annotations(file: Path) -> bool:
    """Return whether a JSON file is an object with a list of `images`. Raises DataError."""
    data = read_file(file)
    if not data.lstrip().startswith(b"{") or b'"images"' not in data:
        return False
    return bytes(decode_json(data, dict[str, Raw], file).get("images", b"")).startswith(b"[")


def annotations_in(folder: Path, split: str | None) -> Path | None:
    """Return the annotations file of a folder (`find_annotations`); None if it has no JSON.

    Raises DataError if the folder has several JSON files and no rule to choose one.
    """
    if not any(matches(folder / place, "*.json") for place in _PLACES):
        return None
    return find_annotations(folder, split or _SPLIT)


class AnnotatedImages(Rows):
    """One row for each caption, then one for each image without a caption.

    The columns: `id` is the id of the caption, `image_id` that of the image, `image` the path of
    the file, and `text` the caption. `split` selects the images of a Karpathy file, by default
    `test`. Raises DataError and UnknownName (`read_annotations`).
    """

    def __init__(self, file: Path, split: str | None) -> None:
        listed, captions, _ = read_annotations(file, split or _SPLIT)
        self._names = {image.id: image.names for image in listed}
        captioned = {caption.image for caption in captions}
        alone = [image.id for image in listed if image.id not in captioned]
        super().__init__(str(file), file.parent, len(captions) + len(alone))
        none: list[Any] = [None] * len(alone)
        self._images = [*(caption.image for caption in captions), *alone]
        paths = [next(iter(self._names.get(image, [])), None) for image in self._images]
        self._columns: dict[str, Sequence[Any]] = {
            "id": pack([*(caption.id for caption in captions), *none]),
            "image_id": pack(self._images),
            "image": pack(paths),
            "text": pack([*(caption.text for caption in captions), *none]),
        }

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._columns)

    def where(self, at: int) -> str:
        """Return the image of a selected row, counted from 0, for messages."""
        return f"{self.place} image {self._images[int(self.numbers[at])]}"

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column for all rows."""
        return self._columns[name]

    def content_type(self, column: str) -> str:
        """Return image for the column `image`, "" for the others."""
        return "image" if column == "image" else ""

    def media(self, column: str, _modality: Modality) -> Sequence[MediaCell]:
        """Return the candidate paths of each row's image; None for an image that is not listed."""
        self.refuse_unknown(column)
        images = (self._images[row] for row in self.numbers.tolist())
        return [[*self._names.get(image, [])] or None for image in images]
