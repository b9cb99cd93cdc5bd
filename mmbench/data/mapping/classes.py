"""The classes of a data set: their names in order, and labels as positions among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.mapping.patterns import named
from mmbench.data.readers.annotation_files import Files, Table, find_files, option_as, read_rows
from mmbench.data.readers.json_files import decode_json, read_file
from mmbench.data.readers.records import Record
from mmbench.errors import DataError, UnknownName


class ClassFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file with the names of the classes in the column `name`, or JSON {name: number}."""

    files: str | list[str]
    name: str = "name"
    table: dict[str, object] = {}


def class_list(given: list[str] | Mapping[str, object], root: Path, source: str) -> list[str]:
    """Names as they are given, or in the order of a `ClassFile` in the folder `root`.

    Raises DataError for a file that cannot be read and for names that stand twice.
    """
    if not isinstance(given, Mapping):
        listed = [str(name) for name in given]
        refuse_duplicates("class", listed, f"data option classes of source {source}")
        return listed
    wanted = option_as(ClassFile, given, "classes")
    files: Files = wanted.files
    (_, file), *_ = find_files(root if root.is_dir() else root.parent, files, source)
    if file.suffix == ".json":
        names = _by_number(file)
    else:
        rows = read_rows(file, "", option_as(Table, wanted.table, "classes.table"))
        names = [named(wanted.name, row) for row in rows]
    refuse_duplicates("class", names, str(file))
    return names


def in_order(names: Iterable[str]) -> list[str]:
    """Return the distinct names of classes in their order: whole numbers by value, else as texts.

    A matrix of scores has its columns in the order of the numbers: 2 stands before 10.
    """
    distinct = set(names)
    numbers = all(name.isdecimal() and name.isascii() for name in distinct)
    return sorted(distinct, key=lambda name: (int(name) if numbers else 0, name))


def _by_number(file: Path) -> list[str]:
    numbers = decode_json(read_file(file), dict[str, int | str], file)
    try:
        return sorted(numbers, key=lambda name: int(numbers[name]))
    except ValueError as error:
        raise DataError(
            f"{file}: a mapping of names to whole numbers is needed: {error}"
        ) from error


def positions(labels: Iterable[str], order: Mapping[str, int], record: Record) -> list[int]:
    """Where the labels of a row stand, ascending, each once. Raises UnknownName."""
    found = set()
    for name in labels:
        if name not in order:
            raise UnknownName(f"label ({record.where})", name, order, "see data option `classes`")
        found.add(order[name])
    return sorted(found)
