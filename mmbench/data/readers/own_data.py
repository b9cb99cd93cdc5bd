"""The user's own data in any layout, read as rows with named columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmbench.columns import pack
from mmbench.data.readers.file_bytes import decode_text, read_file
from mmbench.data.readers.folders import (
    entries,
    file_id,
    files_below,
    modality_by_ending,
    only_file,
)
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.library.rows import library_rows
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.parquet_files import ParquetRows
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.rows import Rows
from mmbench.data.readers.table_files import TABLES, read_records
from mmbench.errors import DataError
from mmbench.surrogates import escape_surrogates
from mmbench.text import listed

_FILES = (*TABLES, ".parquet", ".arrow")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_TAR = re.compile(r"\.tar(\.\w+)?$", re.IGNORECASE)
_LAYOUTS = (
    f"a table ({', '.join(_FILES)}), a folder with one table, a folder of images, audio or video"
    " files, a folder that `save_to_disk` wrote, or the OWNER/NAME of a data set on the hub"
)


def own_rows(place: str | Path, split: str | None = None) -> Rows:
    """Open the user's own data as rows; cells are read when their column is first used.

    `place` is one of these:

    - a CSV, TSV, JSONL, JSON, Parquet or Arrow file; the columns are those of the file;
    - a folder with a single table; paths in it are relative to the folder;
    - a folder of images, audio or video files (`MediaFolder`);
    - a folder that `save_to_disk` of the datasets library wrote;
    - the OWNER/NAME of a data set on the Hugging Face hub, if no file or folder has this name.

    `split` selects a split of the last two. By default it is `test`, or the only split.

    Raises DataError for data that cannot be read, UnknownName for an unknown split.
    """
    path = Path(place)
    if _TAR.search(path.name):
        raise DataError(f"{path}: tar archives are not read yet; give {_LAYOUTS}")
    if path.is_dir():
        return _folder_rows(path, split)
    if path.is_file():
        return _file_rows(path)
    if _HUB_ID.fullmatch(str(place)):
        return library_rows(None, str(place), None, split or "test", None)
    raise DataError(f"{place}: no such file or folder; give {_LAYOUTS}")


def _file_rows(file: Path) -> Rows:
    suffix = file.suffix.lower()
    if suffix in TABLES:
        return OwnTable(file, read_records(file))
    if suffix == ".parquet":
        return ParquetRows(file)
    if suffix == ".arrow":
        return library_rows(file, "", None, "test", None)
    raise DataError(f"{file}: unknown format; give {_LAYOUTS}")


def _folder_rows(folder: Path, split: str | None) -> Rows:
    names = {path.name for path in entries(folder)}
    if "state.json" in names or "dataset_dict.json" in names:
        return library_rows(folder, "", None, _saved_split(folder, split), None)
    if any(map(_TAR.search, names)):
        raise DataError(f"{folder}: tar archives are not read yet; give {_LAYOUTS}")
    tables = [path for path in entries(folder) if path.suffix.lower() in _FILES]
    tables = [path for path in tables if path.suffix.lower() != ".json"] or tables
    if tables:
        return _file_rows(only_file(folder, tables, ""))
    return MediaFolder(folder)


def _saved_split(folder: Path, split: str | None) -> str:
    """Return the split to read from a folder of `save_to_disk`: `split`, `test` or the only one."""
    file = folder / "dataset_dict.json"
    if split is not None or not file.is_file():
        return split or "test"
    splits = decode_json(read_file(file), dict[str, list[str]], file).get("splits", [])
    usual = splits if len(splits) == 1 else [name for name in splits if name == "test"]
    if not usual:
        raise DataError(f"{folder} has the splits {listed(splits)}; add --split NAME")
    return usual[0]


class MediaFolder(Rows):
    """One row for each image, audio or video file in a folder and its subfolders.

    The columns: `id` is the path without its extension, `image`, `audio` or `video` the file, and
    `label` the name of the file's subfolder, if all files are in subfolders. If any file `x.jpg`
    has captions in `x.txt`, the column `text` holds the list of its lines; null for none.

    Raises DataError for a folder without such files or with files of several modalities, and for
    two files with the same id.
    """

    def __init__(self, folder: Path) -> None:
        files = list(files_below(folder))
        media = [file for file in files if modality_by_ending(file.name)]
        modalities = sorted({str(modality_by_ending(file.name)) for file in media})
        if len(modalities) != 1:
            has = f"files of several kinds ({listed(modalities)})" if media else "no media files"
            raise DataError(f"{folder} has {has}; give {_LAYOUTS}")
        super().__init__(str(folder), folder, len(media))
        ids = [file_id(file, folder) for file in media]
        refuse_duplicates(f"{modalities[0]} id", ids, str(folder))
        self._texts = {file.with_suffix("") for file in files if file.suffix.lower() == ".txt"}
        self._media = media
        paths = [escape_surrogates(str(file.relative_to(folder))) for file in media]
        self._columns: dict[str, Sequence[Any]] = {"id": pack(ids), modalities[0]: pack(paths)}
        if all(file.parent != folder for file in media):
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

    def _lines(self, medium: Path) -> list[str] | None:
        if medium.with_suffix("") not in self._texts:
            return None
        file = medium.with_suffix(".txt")
        text = decode_text(read_file(file), file)
        return [*text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")]
