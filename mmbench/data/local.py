"""Data sets of the datasets library that lie on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmbench.data.card import check_card
from mmbench.data.folder import files_below
from mmbench.data.formats import describe_bytes, is_json, is_packed
from mmbench.data.jsonfile import wide_encoding
from mmbench.errors import DataError, UnknownName
from mmbench.inflation import check_parquet
from mmbench.regular_files import open_regular
from mmbench.safe_parse import TooDeep, refuse_deep_lines

_BUILDERS = {
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".csv": "csv",
    ".arrow": "arrow",
}
_TEXTS = (".json", ".jsonl", ".csv")
_HEAD = 1 << 16  # bytes of a file that are looked at beforehand
_SAVED = ("dataset_dict.json", "state.json")  # what `save_to_disk` leaves: of all splits, of one


def load_local(place: Path, name: str | None, split: str) -> Any:
    """A split of a data set on disk, as a `datasets.Dataset`.

    A folder is what `save_to_disk` wrote (where it holds one data set and no splits, `split` is not
    asked for), or else anything that `load_dataset` reads. A file ends in one of .parquet, .json,
    .jsonl, .csv and .arrow, and is the split that is asked for. Raises DataError, UnknownName for a
    split that `save_to_disk` did not write.
    """
    from datasets import config, load_dataset, load_from_disk

    # The library counts the use of its builders at the hub: 5 seconds without a network.
    config.HF_UPDATE_DOWNLOAD_COUNTS = False
    if not place.exists():
        raise DataError(f"{place}: no such file or folder: give --data FOLDER")
    with readable(str(place)):
        if place.is_file():
            _check(place)
            files = {split.partition("[")[0]: str(place)}
            return load_dataset(_builder(place), data_files=files, split=split)
        check_card(place)
        if not any((place / file).is_file() for file in _SAVED):
            for file in files_below(place):
                _check(file)
            return load_dataset(str(place.absolute()), name, split=split)
        found = load_from_disk(str(place))
    if not isinstance(found, dict):
        return found
    if split not in found:
        raise UnknownName(f"split of {place}", split, found, "set data option `split`")
    return found[split]


def _check(file: Path) -> None:
    """Refuse a file that the library does not read, or that would fill the memory or the disk.

    It decodes neither UTF-16 nor UTF-32, and what is no JSON, or is deeply nested, ends its process
    by a signal. Raises DataError.
    """
    if file.suffix.lower() == ".parquet":
        check_parquet(file)
    if file.suffix.lower() not in _TEXTS:
        return
    with open_regular(file) as stream:
        _refuse_format(stream.read(_HEAD), file)
        if file.suffix.lower() != ".csv":
            stream.seek(0)
            _refuse_deep(stream, file)


def _refuse_format(head: bytes, file: Path) -> None:
    encoding = wide_encoding(head)
    if encoding:
        raise DataError(f"{file}: is {encoding.upper()}: save it as UTF-8")
    found = describe_bytes(head)
    fits = file.suffix.lower() == ".csv" or is_packed(found) or is_json(found)
    if found == "empty" or not fits:
        raise DataError(f"{file}: is {found}; {_BUILDERS[file.suffix.lower()].upper()} is needed")


def _refuse_deep(lines: Iterable[bytes], file: Path) -> None:
    try:
        refuse_deep_lines(lines)
    except TooDeep as error:
        raise DataError(f"{file}: {error}") from error


def _builder(file: Path) -> str:
    if file.suffix.lower() not in _BUILDERS:
        raise DataError(f"{file}: a file is needed that ends in {', '.join(_BUILDERS)}")
    return _BUILDERS[file.suffix.lower()]


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn what `datasets` raises on data that it cannot read into a DataError of one line."""
    from datasets.exceptions import DatasetBuildError, DatasetsError
    from pyarrow import ArrowException

    try:
        yield
    except (OSError, ValueError, DatasetsError, DatasetBuildError, ArrowException) as error:
        # Its own message says only that something went wrong while the data set was made.
        told = error.__cause__ if isinstance(error, DatasetBuildError) else None
        reason = " ".join(str(told or error).split())
        if "corresponds to no data" in reason:
            raise DataError(f"{what}: has no row") from error
        raise DataError(f"{what}: cannot be read: {reason}") from error
