"""The user's own data in any layout, read as rows with named columns."""

from __future__ import annotations

import re
from copy import copy
from itertools import islice
from pathlib import Path

from mmbench.data.readers.folders import (
    entries,
    files_below,
    files_of_split,
    modality_by_ending,
    only_file,
)
from mmbench.data.readers.layouts.annotated_images import (
    AnnotatedImages,
    annotations_in,
    is_annotations,
)
from mmbench.data.readers.layouts.media_folder import MediaFolder
from mmbench.data.readers.library.local import SAVED
from mmbench.data.readers.library.rows import library_rows
from mmbench.data.readers.memory.rows import DataPlace, MemoryRows
from mmbench.data.readers.parquet_files import ParquetRows
from mmbench.data.readers.records import find_name
from mmbench.data.readers.rows import FileRows, Rows
from mmbench.data.readers.table_files import TABLES, read_records
from mmbench.data.readers.tars.layouts import are_tars
from mmbench.data.readers.tars.rows import tar_rows
from mmbench.errors import DataError, MissingSplit, near_names
from mmbench.text import listed

_FILES = (*TABLES, ".parquet", ".arrow")
_NAME = r"[A-Za-z0-9][\w.-]*"
_HUB_ID = re.compile(rf"(?P<path>{_NAME}/{_NAME})(:(?P<config>[\w.-]+))?(#(?P<revision>[\w./-]+))?")
_WITHOUT_SPLITS = (FileRows, ParquetRows, MediaFolder, MemoryRows)
_MOST_NAMES = 1000  # in the folder of a missing path
LAYOUTS = (
    f"a table ({', '.join(_FILES)}), COCO captions, a folder with one of these, a folder of images,"
    " audio or video files, a folder that `save_to_disk` wrote, tar archives (*.tar), or the"
    " OWNER/NAME of a data set on the hub"
)


def own_rows(
    place: str | DataPlace, split: str | None = None, value: str = "", formats: str = ""
) -> Rows:
    """Open the user's own data as rows; cells are read when their column is first used.

    `place` is one of these:

    - rows in memory, which are returned;
    - a CSV, TSV, JSONL, JSON, Parquet or Arrow file; the columns are those of the file;
    - a JSON file of captions in the format of COCO or Karpathy (`AnnotatedImages`);
    - a folder with a single table; paths in it are relative to the folder;
    - a folder with captions in the format of COCO or Karpathy (`find_annotations`);
    - a folder of images, audio or video files (`MediaFolder`);
    - a folder that `save_to_disk` of the datasets library wrote, or a folder of Parquet files;
    - tar archives of samples: a file, a pattern, a folder, on disk or at a URL (`tar_rows`);
    - the OWNER/NAME of a data set on the Hugging Face hub, if no file or folder has this name, with
      a configuration as OWNER/NAME:CONFIG and a revision as OWNER/NAME#REVISION.

    `split` selects a split of the last three, or of a Karpathy file; by default it is `test`, or
    the only split. It also selects one of several tables in a folder by name, and the subfolder of
    this name in a folder of media files. `value` is the column of the values of a JSON mapping {id:
    value}. `formats` names further formats that the caller reads, for error messages.

    Raises DataError for data that cannot be read, UnknownName for an unknown split.
    """
    if isinstance(place, Rows):
        return place
    if are_tars(place):
        return tar_rows(place, split)
    path = Path(place)
    if path.is_dir():
        return _folder_rows(path, split, value)
    if path.exists():
        return _file_rows(path, split, value)
    match = _HUB_ID.fullmatch(str(place))
    if match and path.suffix.lower() not in _FILES:
        return library_rows(None, match["path"], match["config"], split, match["revision"])
    raise DataError(f"{place}: no such file or folder; {_advice(path, formats)}")


def _advice(missing: Path, formats: str) -> str:
    """Return the most similar names next to a path that does not exist, else all layouts."""
    try:
        names = [path.name for path in islice(missing.parent.iterdir(), _MOST_NAMES)]
    except OSError:
        names = []
    near = [str(missing.parent / name) for name in near_names(missing.name, sorted(names))]
    return f"did you mean {', '.join(near)}?" if near else f"give {_layouts(formats)}"


def _layouts(formats: str) -> str:
    return f"{formats}, {LAYOUTS}" if formats else LAYOUTS


def rows_of(
    root: str | DataPlace | None,
    path: str,
    split: str | None = None,
    value: str = "",
    formats: str = "",
) -> Rows:
    """Return the rows of the data at `root` (`--data`), or else at `path` (`own_rows`)."""
    if root is None and not path:
        raise DataError(f"no data were given; give --data PATH: {_layouts(formats)}")
    return own_rows(path if root is None else root, split, value, formats)


def _file_rows(file: Path, split: str | None, value: str) -> Rows:
    suffix = file.suffix.lower()
    if suffix == ".json" and is_annotations(file):
        return AnnotatedImages(file, split)
    if suffix in TABLES:
        return FileRows(file, read_records(file, value))
    if suffix == ".parquet":
        return ParquetRows(file)
    if suffix == ".arrow":
        return library_rows(file, "", None, None, None)
    raise DataError(f"{file}: unknown format; give {LAYOUTS}")


def _folder_rows(folder: Path, split: str | None, value: str) -> Rows:
    names = {path.name for path in entries(folder)}
    tables = [path for path in entries(folder) if path.suffix.lower() in _FILES]
    others = [path for path in tables if path.suffix.lower() != ".json"]
    if not names.isdisjoint(SAVED) or (len(others) > 1 and all(map(_is_shard, others))):
        return library_rows(folder, "", None, split, None)
    if len(others or tables) == 1:
        return _file_rows((others or tables)[0], split, value)
    if others:
        return _file_rows(only_file(folder, files_of_split(others, split), ""), split, value)
    if annotations := annotations_in(folder, split):
        return _file_rows(annotations, split, value)
    files = list(files_below(folder))
    if any(map(_is_shard, files)) and not any(modality_by_ending(file.name) for file in files):
        return library_rows(folder, "", None, split, None)
    return MediaFolder(folder / split if split and split in names else folder)


def rows_of_split(rows: Rows, split: str | None) -> Rows:
    """Return the rows of a split, which `own_rows` opened with the same `split`.

    If a table has a column `split`, these are the rows with this value in it. Raises DataError for
    a table and for a folder of media files that have no such split; without it, training and test
    samples would be the same.
    """
    if split is None or not isinstance(rows, _WITHOUT_SPLITS):
        return rows
    column = find_name(rows.names(), "split", rows.place)
    if column is None:
        if Path(rows.place).stem == split:
            return rows
        raise MissingSplit(f"{rows.place}: no split {split}; {_split_advice(rows, split)}")
    selected = copy(rows)
    selected.select({column: split})
    if not len(selected):
        values = listed(sorted(set(map(str, rows.column(column)))))
        raise DataError(f"{rows.place}: no row with the split {split} (column {column}: {values})")
    return selected


def _split_advice(rows: Rows, split: str) -> str:
    """Return how to give the data a split that they do not have."""
    if isinstance(rows, MediaFolder) and rows.splits:
        if split == "train":
            return f"its splits are {listed(rows.splits)}; call the training samples train"
        return f"its splits are {listed(rows.splits)}; add --split {rows.splits[0]}"
    others = "train and test" if split in ("train", "test") else f"train and {split}"
    folder = f"give a folder with {split} as a folder or as a table"
    return f"add a column split with {others}, or {folder}"


def _is_shard(file: Path) -> bool:
    return file.suffix.lower() in (".parquet", ".arrow")
