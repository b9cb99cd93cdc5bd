"""Which cells of a row become what of a sample: for rows of files and of the datasets library."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from reprlib import repr
from string import ascii_uppercase
from typing import NamedTuple

from mmbench.data.readers.records import Record, as_id, shown
from mmbench.datasets import lettered
from mmbench.errors import DataError, UnknownName
from mmbench.surrogates import escape_all
from mmbench.text import count
from mmbench.types import Broken, Content, Sample

_BARE = re.compile(r"\(?([A-Za-z])[).]?")

Columns = str | list[str]


class Shape(NamedTuple):
    """Names of columns by what they become; an empty one is not there.

    Without `id` rows are numbered from 0. `target` is one column of a text or of a list of texts,
    or several columns. `options`, one column of a list or one for each option, makes the target
    {"answer": letter, "options": [text, …]} and the input `options` of lines "A. cat".
    """

    id: str = ""
    fields: Mapping[str, str] = {}
    target: Columns = ""
    options: Columns = ""
    group: str = ""
    tags: Mapping[str, str] = {}

    def columns(self) -> list[str]:
        """All columns that are read, each once."""
        named = [self.id, self.group, *self.fields.values(), *self.tags.values()]
        return list(
            dict.fromkeys([*filter(None, named), *_each(self.target), *_each(self.options)])
        )


def cell(record: Record, column: str) -> object:
    """The value in a column; `types.semantic` is a key of a mapping, of each one in a list.

    Raises UnknownName for a column that the row does not have.
    """
    if column in record.cells:
        return record.cells[column]
    value: object = record.cells
    for part in column.split("."):
        inside = value if isinstance(value, list) else [value]
        found = [one[part] for one in inside if isinstance(one, dict) and part in one]
        if len(found) < len(inside):
            raise UnknownName(f"column ({record.where})", column, list(record.cells))
        value = found if isinstance(value, list) else found[0]
    return value


def chosen(record: Record, where: Mapping[str, object] | None) -> bool:
    """Whether the columns of a row have the values wanted, each one or one of a list."""
    wanted = {name: v if isinstance(v, list) else [v] for name, v in (where or {}).items()}
    return all(str(cell(record, name)) in map(str, values) for name, values in wanted.items())


def sample_of(
    shape: Shape, record: Record, number: str, media: Mapping[str, Content], target: object = None
) -> Sample:
    """The sample of a row, whose number stands in for an id; a `target` given goes before its own.

    A field of null or NaN is left out. Raises DataError, with the place of the row, for cells of a
    type that the sample cannot have.
    """
    inputs: dict[str, Content] = dict(media)
    for name, column in shape.fields.items():
        value = cell(record, column)
        if not missing(value):
            inputs[name] = _text(value, record, column)
    if target is None and shape.target:
        target = _target(shape, record)
    if isinstance(target, Broken):
        inputs["options"] = target
    elif isinstance(target, dict):
        inputs["options"] = lettered(target["options"])
    return Sample(
        as_id(cell(record, shape.id), f"{record.where}: {shape.id}") if shape.id else number,
        inputs,
        target,
        group=_text(cell(record, shape.group), record, shape.group) if shape.group else "",
        tags=_tags(shape, record),
    )


def _each(columns: Columns) -> list[str]:
    return list(filter(None, [columns] if isinstance(columns, str) else columns))


def missing(value: object) -> bool:
    """Whether a cell holds nothing: null, or NaN as pandas writes a missing cell."""
    return value is None or (isinstance(value, float) and value != value)


def _text(value: object, record: Record, column: str) -> str:
    number = isinstance(value, str | int | float) and not isinstance(value, bool)
    if number and not missing(value):
        return str(value)
    raise DataError(
        f"{record.where}: {column} is {shown(None if missing(value) else value)}: a text is needed"
    )


def _target(shape: Shape, record: Record) -> object:
    columns = _each(shape.target)
    values = [cell(record, column) for column in columns]
    if shape.options:
        options = _options(shape, record)
        letter = _letter(values[0], options, record)
        return letter if isinstance(letter, Broken) else {"answer": letter, "options": options}
    if len(columns) != 1:
        several = [value for value in values if not missing(value) and value != ""]
    elif isinstance(values[0], list):
        several = values[0]
    else:
        return _text(values[0], record, columns[0])
    if not several:
        raise DataError(f"{record.where}: {', '.join(columns)}: a right answer is needed")
    return [_text(value, record, columns[0]) for value in several]


def _options(shape: Shape, record: Record) -> list[str]:
    columns = _each(shape.options)
    cells = [cell(record, column) for column in columns]
    single = len(columns) == 1
    values = listed_options(cells[0]) if single else _without_last(cells, record, columns)
    if isinstance(values, list) and 2 <= len(values) <= len(ascii_uppercase):
        return [_text(value, record, columns[0]) for value in values]
    raise DataError(f"{record.where}: {', '.join(columns)}: 2 to 26 options are needed in a list")


def _without_last(values: list[object], record: Record, columns: list[str]) -> list[object]:
    """Return the options without the empty ones at the end.

    Raises DataError for an empty one before another, which would get its letter.
    """
    full = [not missing(value) and value != "" for value in values]
    kept = values[: sum(full)]
    if not all(full[: len(kept)]):
        raise DataError(f"{record.where}: option {columns[full.index(False)]} is empty")
    return kept


def listed_options(value: object) -> object:
    """Return a list, also one that is written as Python writes it (MMMU: "['cat', 'dog']").

    None for a text that is no such list, or has half of a character in it.
    """
    if not isinstance(value, str):
        return value
    try:
        found = ast.literal_eval(value)
        return found if escape_all(found) == found else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def bare_letter(answer: str) -> str:
    """Return the capital of an answer such as "B", "b", "(B)" or "B.", else nothing."""
    match = _BARE.fullmatch(answer)
    return match[1].upper() if match else ""


def _letter(answer: object, options: Sequence[str], record: Record) -> str | Broken:
    """The letter of the right option, which is given by its place from 0, its letter or itself.

    A letter is that of a position, also where it is the text of another option (MMMU). Broken
    where the answer is the text of several options.
    """
    letters = ascii_uppercase[: len(options)]
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(options):
        return letters[answer]
    if isinstance(answer, str) and len(answer) == 1 and answer in letters:
        return answer
    if options.count(answer) == 1:
        return letters[options.index(answer)]
    if isinstance(answer, str) and answer not in options and bare_letter(answer) in [*letters]:
        return bare_letter(answer)
    if answer in options:
        return Broken(f"{record.where}: answer {repr(answer)} is the text of several options")
    raise DataError(
        f"{record.where}: answer {repr(answer)} is none of its {count(len(options), 'option')}: a"
        f" letter of {letters[0]} to {letters[-1]}, a place from 0 or the text of one is needed"
    )


def _tags(shape: Shape, record: Record) -> dict[str, str]:
    """The tags that the row has a value for."""
    tags = {}
    for name, column in shape.tags.items():
        value = cell(record, column)
        if not missing(value) and value != "":
            tags[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return tags
