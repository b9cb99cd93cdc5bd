"""Multiple-choice questions: the options of a row, and the letter of the correct one."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from contextlib import suppress
from reprlib import repr
from string import ascii_uppercase

from mmbench.data.readers.records import is_missing, parse_text
from mmbench.datasets import lettered
from mmbench.errors import DataError
from mmbench.surrogates import escape_all
from mmbench.text import count
from mmbench.types import InvalidContent

_BARE = re.compile(r"\(?([A-Za-z])[).]?")


def parse_options(value: object) -> object:
    """Return a list; a text is parsed as a Python list (MMMU: "['cat', 'dog']").

    Return None for a text that is not a Python list or contains a lone surrogate.
    """
    if not isinstance(value, str):
        return value
    try:
        options = ast.literal_eval(value)
        return options if escape_all(options) == options else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def option_texts(cells: Sequence[object], columns: Sequence[str], where: str) -> list[str]:
    """Return the options of a row, from one column with a list or from one column for each option.

    Empty columns at the end are dropped. Raises DataError for an empty column before a filled one,
    which would shift the letters, and unless there are 2 to 26 texts or numbers.
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


def as_choice(
    answers: Sequence[object], options: Sequence[str], where: str, *, texts: bool = False
) -> tuple[dict[str, object] | InvalidContent, str | InvalidContent]:
    """Return the target {"answer": letter, "options": [text, …]}, and the options as lines.

    Both are the InvalidContent of an ambiguous answer. Arguments and errors are those of
    `right_letter`.
    """
    letter = right_letter(answers, options, where, texts=texts)
    if isinstance(letter, InvalidContent):
        return letter, letter
    return {"answer": letter, "options": options}, lettered(options)


def right_letter(
    answers: Sequence[object], options: Sequence[str], where: str, *, texts: bool = False
) -> str | InvalidContent:
    """Return the letter of the correct option, given as a position from 0, a letter or a text.

    A letter means the option at that position, even where it is also the text of another option
    (MMMU). With `texts`, other answers of the file are known to be texts; an answer that is both a
    letter and a text is then ambiguous. So is a text that two options share. An ambiguous answer
    gives an InvalidContent. Raises DataError for an answer that matches no option.
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
    """Return the letters of the options with the text of the answer, and the answer as a letter."""
    letters = ascii_uppercase[: len(options)]
    by_text = {letters[at] for at, option in enumerate(options) if option == answer}
    letter = answer if by_text else bare_letter(str(answer))
    return by_text, {str(letter)} & {*letters}


def bare_letter(answer: str) -> str:
    """Return the upper-case letter of an answer such as "B", "b", "(B)" or "B.", else ""."""
    match = _BARE.fullmatch(answer)
    return match[1].upper() if match else ""
