"""Rows of a folder of images, audio or video files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from mmbench.columns import pack
from mmbench.data.readers.file_bytes import decode_text, read_file
from mmbench.data.readers.folders import file_id, files_below, modality_by_ending
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.rows import Rows
from mmbench.errors import DataError
from mmbench.surrogates import escape_surrogates
from mmbench.text import listed

_SPLITS = frozenset(("train", "training", "val", "valid", "validation", "dev", "test", "testing"))


class MediaFolder(Rows):
    """One row for each image, audio or video file in a folder and its subfolders.

    The columns: `id` is the path without its extension, `image`, `audio` or `video` the file, and
    `label` the name of the file's subfolder, if all files are in subfolders. Subfolders of splits
    with folders in them (`train/cat`, `test/cat`) are no labels. If any file `x.jpg` has captions
    in `x.txt`, the column `text` holds the list of its lines; null for none.

    Raises DataError for a folder without such files or with files of several modalities, and for
    two files with the same id.
    """

    def __init__(self, folder: Path) -> None:
        files = list(files_below(folder))
        media = [file for file in files if modality_by_ending(file.name)]
        modalities = sorted({str(modality_by_ending(file.name)) for file in media})
        if len(modalities) != 1:
            has = f"files of several kinds ({listed(modalities)})" if media else "no media files"
            raise DataError(f"{folder} has {has}; give a folder of images, audio or video files")
        super().__init__(str(folder), folder, len(media))
        ids = [file_id(file, folder) for file in media]
        refuse_duplicates(f"{modalities[0]} id", ids, str(folder))
        self._texts = {file.with_suffix("") for file in files if file.suffix.lower() == ".txt"}
        self._media = media
        paths = [escape_surrogates(str(file.relative_to(folder))) for file in media]
        self._columns: dict[str, Sequence[Any]] = {"id": pack(ids), modalities[0]: pack(paths)}
        self.splits = _splits(folder, media)
        if not self.splits and all(file.parent != folder for file in media):
            labels = [escape_surrogates(file.relative_to(folder).parts[0]) for file in media]
            self._columns["label"] = pack(labels)

    def names(self) -> list[str]:
        """Return the names of the columns."""
        captioned = any(file.with_suffix("") in self._texts for file in self._media)
        return [*self._columns, *(["text"] if captioned else [])]

    def where(self, at: int) -> str:
        """Return the file of a selected row, counted from 0, for messages."""
        return str(self._media[int(self.numbers[at])])

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column for all rows."""
        return self._columns[name] if name in self._columns else list(map(self._lines, self._media))

    def advice(self, role: str) -> str:
        """Return where to put the texts or labels of the files; "" for another role."""
        name = escape_surrogates(self._media[0].name)
        text = f"write the texts of {name} to {PurePath(name).stem}.txt next to it, one per line"
        label = "put the files of each class into a subfolder with the name of the class"
        if self.splits and role == "label":
            return f"{listed(self.splits)} are splits; add --split {self.splits[0]}"
        known = {"text": text, "caption": text, "label": label}
        return f"{known[role]}, or give a table with the paths" if role in known else ""

    def _lines(self, medium: Path) -> list[str] | None:
        if medium.with_suffix("") not in self._texts:
            return None
        file = medium.with_suffix(".txt")
        text = decode_text(read_file(file), file)
        return [*text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")]


def _splits(folder: Path, media: Sequence[Path]) -> list[str]:
    """Return the names of the splits that the subfolders are, `test` first; [] if they are none."""
    parts = [file.relative_to(folder).parts for file in media]
    names = {one[0] for one in parts}
    if any(len(one) < 3 for one in parts) or not names <= _SPLITS:
        return []
    return sorted(names, key=lambda name: (name != "test", name.startswith("train"), name))
