"""The classes of a data set: their names in order, and labels as indices into these names."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct

from mmbench.columns import Texts, pack, places
from mmbench.data.mapping.patterns import read_cells, read_ids
from mmbench.data.readers.annotation_files import TableFormat, find_files, option_as, read_rows
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.records import parse_id, refuse_duplicates
from mmbench.data.readers.rows import FileRows, Rows
from mmbench.data.readers.table_files import text_lines
from mmbench.errors import DataError, UnknownName

ClassOption = str | list[str] | dict[str, object]


class ClassFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A data option that names a file of class names.

    `files` are candidate paths. The file is a table with the class names in the column `name`, or a
    JSON mapping {class name: number}. `table` describes the format of the table (`TableFormat`).
    """

    files: str | list[str]
    name: str = "name"
    table: dict[str, object] = {}


def class_names(source: ClassOption, root: Path, option: str = "labels") -> list[str]:
    """Return the class names in a list, or in a file in the folder `root`, in order.

    `source` is a list of names, the options of a `ClassFile`, or the path of a file with one name
    per line. Raises DataError for a file that cannot be read and for duplicate names; messages use
    `option` as the name of the data option.
    """
    folder = root if root.is_dir() else root.parent
    if isinstance(source, Mapping):
        class_file = option_as(ClassFile, source, option)
        (_, file), *_ = find_files(folder, class_file.files, "")
        names = _in_file(file, class_file)
    elif isinstance(source, str):
        file = folder / source
        names = text_lines(read_file(file), file)
    else:
        names = [str(name) for name in source]  # YAML reads 0 as a number
    place = f"data option {option}" if isinstance(source, list) else str(file)
    refuse_duplicates("class", names, place)
    return names


def _in_file(file: Path, class_file: ClassFile) -> list[str]:
    if file.suffix == ".json":
        return _by_number(file)
    rows = read_rows(file, "", option_as(TableFormat, class_file.table, "labels.table"))
    return list(read_ids(class_file.name, FileRows(file, rows)))


def sorted_classes(names: Iterable[str]) -> list[str]:
    """Return the distinct class names, sorted by value if all are integers, else as strings.

    The columns of a score matrix have the same order: class 2 comes before class 10.
    """
    distinct = set(names)
    numbers = all(name.isdecimal() and name.isascii() for name in distinct)
    return sorted(distinct, key=lambda name: (int(name) if numbers else 0, name))


def _by_number(file: Path) -> list[str]:
    numbers = decode_json(read_file(file), dict[str, int | str], file)
    try:
        return sorted(numbers, key=lambda name: int(numbers[name]))
    except ValueError as error:
        raise DataError(f"{file} is not a mapping of class names to integers: {error}") from error


def read_labels(rows: Rows, target: str, separator: str, drop: str) -> Sequence[Any]:
    """Return the label of each row, or a list of labels if rows may have several.

    `target` is a column, or a pattern with columns in braces. Rows may have several labels if a
    `separator` is given or if any cell is a list. The characters of the string `drop` are removed
    from labels.
    """
    cells = read_cells(target, rows)
    several = bool(separator) or any(isinstance(cell, list) for cell in cells)
    table = str.maketrans("", "", drop)
    if not several:
        labels = rows.as_texts(target, parse_id, cells)
        return pack([label.translate(table) for label in labels]) if drop else labels
    return [[label.translate(table) for label in _parts(cell, separator)] for cell in cells]


def _parts(cell: object, separator: str) -> list[str]:
    """Return the labels in a cell: the items of a list, or the parts of a string between
    separators.
    """
    if isinstance(cell, list):
        return list(map(str, cell))
    parts = str(cell).split(separator) if separator else [str(cell)]
    return [part.strip() for part in parts if part.strip()]


def occurring_classes(labels: Sequence[Any]) -> list[str]:
    """Return the distinct classes that occur in `labels`, in the order of `sorted_classes`.

    An item of `labels` is a label or a list of labels.
    """
    return sorted_classes(
        chain.from_iterable([one] if isinstance(one, str) else one for one in labels)
    )


class ClassNames:
    """Class names in the order of their indices; `hint` ends the message about unknown names."""

    def __init__(self, names: Sequence[str], hint: str = "see data option `labels`") -> None:
        self.names, self._hint = names, hint
        self._order = {name: position for position, name in enumerate(names)}

    def targets(self, rows: Rows, labels: Sequence[Any]) -> Sequence[Any]:
        """Return the class index, or the sorted list of class indices, of each row's labels.

        Raises the errors of `positions`.
        """
        if isinstance(labels, Texts):
            return self.find(labels, rows.where)
        return [self.positions(label, rows.where(at)) for at, label in enumerate(labels)]

    def find(self, labels: Sequence[str | int], where: Callable[[int], str]) -> array[int]:
        """Return the class index of each label, a class name or an index.

        `where` maps a position in `labels` to its place for messages. Raises the errors of
        `positions`.
        """
        if not isinstance(labels, Texts) or len(self._order) < len(self.names):
            return array("q", [self.positions(one, where(at)) for at, one in enumerate(labels)])
        found_positions = places(labels, self.names)
        unknown = (found_positions < 0).nonzero()[0]
        if len(unknown):
            raise self._unknown(labels[unknown[0]], where(int(unknown[0])))
        return array("q", found_positions.tobytes())

    def positions(self, label: Any, where: str) -> Any:
        """Return the class index of a label, or the sorted class indices of a list of labels.

        A label is a class name or an index. `where` is the place of the label for messages. Raises
        UnknownName for a label that is not a class, and DataError for a name that several classes
        have.
        """
        if isinstance(label, list):
            return sorted({self.positions(one, where) for one in label})
        if isinstance(label, str) and label in self._order:
            if len(self._order) < len(self.names) and list(self.names).count(label) > 1:
                raise DataError(
                    f"{where}: several classes are called {label!r}; give their numbers"
                )
            return self._order[label]
        if isinstance(label, int) and 0 <= label < len(self.names):
            return label
        raise self._unknown(str(label), where)

    def _unknown(self, label: str, where: str) -> UnknownName:
        return UnknownName(f"label ({where})", label, self.names, self._hint)
