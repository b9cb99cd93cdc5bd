"""Questions with options: the options of a row, and the letter of the right one."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from contextlib import suppress
from reprlib import repr
from string import ascii_uppercase

from mmbench.data.readers.records import is_missing, parse_text
from mmbench.errors import DataError
from mmbench.surrogates import escape_all
from mmbench.text import count
from mmbench.types import InvalidContent

_BARE = re.compile(r"\(?([A-Za-z])[).]?")


def parse_options(value: object) -> object:
    """Return a list, also one that is written as Python writes it (MMMU: "['cat', 'dog']").

    None for a text that is no such list, or has half of a character in it.
    """
    if not isinstance(value, str):
        return value
    try:
        options = ast.literal_eval(value)
        return options if escape_all(options) == options else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def option_texts(cells: Sequence[object], columns: Sequence[str], where: str) -> list[str]:
    """Return the options of a row: those in a list in one column, or in a column each.

    Columns that are empty at the end count for nothing. Raises DataError for an empty one before
    another, which would get its letter, and for other than 2 to 26 texts or numbers.
    """
    first_cell = cells[0]
    values = (
        parse_options(first_cell) if len(columns) == 1 else _without_last(cells, columns, where)
    )
    if isinstance(values, list) and 2 <= len(values) <= len(ascii_uppercase):
        with suppress(ValueError):
            return list(map(parse_text, values))
    printed = repr(first_cell if len(columns) == 1 else list(cells))
    names = ", ".join(columns)
    raise DataError(f"{where}: {names} is {printed}: 2 to 26 texts are needed in a list")


def _without_last(cells: Sequence[object], columns: Sequence[str], where: str) -> list[object]:
    full = [not is_missing(value) and value != "" for value in cells]
    filled = list(cells[: sum(full)])
    if not all(full[: len(filled)]):
        raise DataError(f"{where}: option {columns[full.index(False)]} is empty")
    return filled


def right_letter(
    answers: Sequence[object], options: Sequence[str], where: str, *, texts: bool = False
) -> str | InvalidContent:
    """The letter of the right option, which is given by its place from 0, its letter or its text.

    A letter is that of a position, also where it is the text of another option (MMMU), unless
    `texts` says that other answers of the file are texts: then the answer may mean two options, as
    does the text of two. Such an answer is invalid. Raises DataError for one that means none.
    """
    letters = ascii_uppercase[: len(options)]
    answer = answers[0]
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(options):
        return letters[answer]
    by_text, by_letter = matching_letters(answer, options)
    meant = by_text | by_letter if texts else by_letter or by_text
    if len(answers) > 1 or not meant:
        named_options = len(meant) if len(answers) == 1 else len(answers)
        raise DataError(
            f"{where}: answer {', '.join(map(repr, answers))} names {named_options} of its"
            f" {count(len(options), 'option')}: one letter of {letters[0]} to {letters[-1]} is"
            " needed, or the text of one option"
        )
    if len(meant) > 1:
        several = ", ".join(sorted(meant))
        return InvalidContent(
            f"{where}: answer {repr(answer)} may mean options {several}: give the letter of one"
        )
    return meant.pop()


def matching_letters(answer: object, options: Sequence[str]) -> tuple[set[str], set[str]]:
    """The letters of the options whose text an answer is, and the letter that it is itself."""
    letters = ascii_uppercase[: len(options)]
    by_text = {letters[at] for at, option in enumerate(options) if option == answer}
    letter = answer if by_text else bare_letter(str(answer))
    return by_text, {str(letter)} & {*letters}


def bare_letter(answer: str) -> str:
    """Return the capital of an answer such as "B", "b", "(B)" or "B.", else nothing."""
    match = _BARE.fullmatch(answer)
    return match[1].upper() if match else ""
