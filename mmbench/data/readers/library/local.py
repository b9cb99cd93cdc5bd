"""Data sets on this machine that the datasets library reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.data.readers.folders import files_below
from mmbench.data.readers.library.card import check_card
from mmbench.data.readers.library.file_checks import load_checked, readable, refuse_broken_lines
from mmbench.data.readers.library.names import library_name, stop_counting_downloads
from mmbench.data.readers.library.splits import chosen_split
from mmbench.errors import DataError
from mmbench.storage.content_keys import digest

if TYPE_CHECKING:
    from datasets import Dataset

_BUILDERS = {
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".csv": "csv",
    ".arrow": "arrow",
}
# Files that `save_to_disk` writes for several splits and for one data set.
SAVED = ("dataset_dict.json", "state.json")


def load_local(place: Path, name: str | None, split: str | None) -> Dataset:
    """Return a split of a data set on disk, as a `datasets.Dataset`.

    If `place` is a folder, it was written by `save_to_disk` (`split` is ignored if there are no
    splits), or has any layout that `load_dataset` reads. If `place` is a file, its name ends in
    .parquet, .json, .jsonl, .csv or .arrow, and all its rows are read as the requested split.
    `split` may be None (`chosen_split`). Raises DataError, and UnknownName for a split that
    `save_to_disk` did not write.
    """
    from datasets import load_from_disk

    stop_counting_downloads()
    if not place.exists():
        raise DataError(f"{place}: no such file or folder; give --data FOLDER")
    if place.is_dir():
        check_card(place)
    if not any((place / file).is_file() for file in SAVED):
        return _from_files(place, name, split)
    with readable(str(place)):
        loaded = load_from_disk(str(place))
    if not isinstance(loaded, dict):
        return loaded
    return loaded[chosen_split(loaded, split, str(place))]


def _from_files(place: Path, name: str | None, split: str | None) -> Dataset:
    """Return a split of a data file, or of a folder of data files.

    Raises DataError; for invalid JSON lines it gives the line.
    """
    try:
        with readable(str(place)):
            if place.is_dir():
                path = str(place.absolute())
                return load_checked(path, name, split, cache_dir=_cache(path, name))
            files = {(split or "test").partition("[")[0]: str(place)}
            return load_checked(_builder(place), None, split, data_files=files)
    except DataError:
        refuse_broken_lines([place] if place.is_file() else files_below(place))
        raise


def _cache(path: str, name: str | None) -> str:
    """Return the cache folder for the data files of a folder as they are now.

    If a README.md lists the files, the library's own cache depends on the name of the folder and
    on the README alone: a folder of the same name elsewhere, or new files in the same folder, would
    get the earlier rows.
    """
    from datasets import load_dataset_builder

    files = load_dataset_builder(path, name).config.data_files or {}
    state = [part for one in files.values() for part in (*one, *map(str, one.origin_metadata))]
    return str(Path(library_name("HF_DATASETS_CACHE"), "folders", digest(*state).hex()))


def _builder(file: Path) -> str:
    if file.suffix.lower() not in _BUILDERS:
        raise DataError(f"{file}: unknown format; give a file that ends in {', '.join(_BUILDERS)}")
    return _BUILDERS[file.suffix.lower()]
