"""Known errors of references, read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmbench.data.readers.records import Record, find_name, parse_id
from mmbench.data.readers.table_files import TABLES, read_records
from mmbench.errors import DataError
from mmbench.text.words import words

_COLUMNS = ("id", "wrong", "right")
Words = tuple[str, ...]


class KnownError(NamedTuple):
    """An error in a reference of the sample `id`: the text `wrong` should be `right`.

    `where` is the place of the error in its file, for messages.
    """

    id: str
    wrong: str
    right: str
    where: str = ""


def read_errors(path: Path) -> list[KnownError]:
    """Read known errors from a CSV, TSV, JSONL or JSON file with the columns id, wrong and right.

    `id` is the id of a sample, `wrong` a word or phrase in its reference, `right` the word or
    phrase that should be there. Raises DataError for a file that cannot be read, for a row without
    one of the three, for two phrases that differ in case or punctuation only, and for a wrong
    phrase that is listed twice for one sample, because the tests would count its output twice.
    """
    if path.suffix.lower() not in TABLES:
        raise DataError(
            f"--errors {path}: unknown format; give a {', '.join(TABLES)} file with the columns"
            f" {', '.join(_COLUMNS)}"
        )
    errors = [_error(record) for record in read_records(path)]
    _refuse_repeated(errors)
    return errors


def _refuse_repeated(errors: Sequence[KnownError]) -> None:
    places: dict[tuple[str, Words], str] = {}
    for error in errors:
        key = error.id, words(error.wrong)
        if key in places:
            raise DataError(
                f"{error.where}: {error.wrong!r} of sample {error.id} is listed already"
                f" ({places[key]}); list it once"
            )
        places[key] = error.where


def _error(record: Record) -> KnownError:
    ident, wrong, right = (_cell(record, name) for name in _COLUMNS)
    error = KnownError(ident, wrong, right, record.where)
    if not (words(error.wrong) and words(error.right)):
        raise DataError(f"{record.where}: wrong and right must each have a word")
    if words(error.wrong) == words(error.right):
        raise DataError(
            f"{record.where}: {error.wrong!r} and {error.right!r} are the same words; case and"
            " punctuation are not compared"
        )
    return error


def _cell(record: Record, name: str) -> str:
    actual = find_name(record.cells, name, record.where)
    if actual is None:
        raise DataError(f"{record.where}: no column {name}; give the columns {', '.join(_COLUMNS)}")
    try:
        return parse_id(record.cells[actual])
    except ValueError as error:
        raise DataError(f"{record.where}: {name} is missing; {error}") from error
