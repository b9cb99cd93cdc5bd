"""Multiple-choice questions: the options of each question, and the letter of the correct option."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from contextlib import suppress
from reprlib import repr
from string import ascii_uppercase
from typing import Literal

from msgspec import Struct

from mmbench.data.readers.records import is_missing, parse_text
from mmbench.errors import DataError
from mmbench.surrogates import escape_all
from mmbench.text import count
from mmbench.types import InvalidContent

_BARE = re.compile(r"\(?([A-Za-z])[).]?")
_SLOT = re.compile(r"\{(letter|option)\}")


class OptionFormat(Struct, frozen=True, forbid_unknown_fields=True):
    """The data option `option_format`: how a file states options and answers, and their lines.

    `answer` says what an answer is: the `index` of an option from 0, its `letter`, its `text`, or
    `any` of the three (see `right_letter`). `lettered` is true if options may begin with their own
    letters ("A. cat"), which are then removed. `line` is the line of an option in the input
    `options`.
    """

    answer: Literal["any", "index", "letter", "text"] = "any"
    lettered: bool = False
    line: str = "{letter}. {option}"

    def without_letters(self, options: list[str]) -> list[str]:
        """Return the options without their letters if the options are `lettered`."""
        if not self.lettered:
            return options
        pairs = zip(ascii_uppercase, options, strict=False)
        return [re.sub(rf"^\s*\(?{letter}[.):]\s*", "", option) for letter, option in pairs]

    def lines(self, options: Sequence[str]) -> str:
        """Return the options as lines, each in the form `line`."""
        pairs = zip(ascii_uppercase, options, strict=False)
        return "\n".join(self._line(letter, option) for letter, option in pairs)

    def _line(self, letter: str, option: str) -> str:
        parts = {"letter": letter, "option": option}
        return _SLOT.sub(lambda slot: parts[slot[1]], self.line)


ANY_FORMAT = OptionFormat()


def parse_options(value: object) -> object:
    """Return the list of options in a cell; a string is parsed as a Python list.

    MMMU stores the options of a question as a string, "['cat', 'dog']". Return None for a string
    that is not a Python list or contains a lone surrogate. Any other value is returned unchanged.
    """
    if not isinstance(value, str):
        return value
    try:
        options = ast.literal_eval(value)
        return options if escape_all(options) == options else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def option_texts(cells: Sequence[object], columns: Sequence[str], where: str) -> list[str]:
    """Return the options of a row, from one column of lists or from one column for each option.

    `cells` are the row's values in `columns`; `where` is the row's place for messages. Empty cells
    at the end are dropped. Raises DataError for an empty cell before a filled cell, because the
    letters of the options would change, and unless there are 2 to 26 options that are strings or
    numbers.
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
    raise DataError(f"{where}: {names} is {printed}; give a list of 2 to 26 strings")


def _without_last(cells: Sequence[object], columns: Sequence[str], where: str) -> list[object]:
    full = [not is_missing(value) and value != "" for value in cells]
    filled = list(cells[: sum(full)])
    if not all(full[: len(filled)]):
        raise DataError(
            f"{where}: option {columns[full.index(False)]} is empty, but a later option is not;"
            " fill it in"
        )
    return filled


def has_no_options(value: object) -> bool:
    """Return whether a cell for the list of options is empty, as for an open question."""
    return is_missing(value) or value in ("", "[]", [])


def as_choice(
    answers: Sequence[object],
    options: Sequence[str],
    where: str,
    *,
    texts: bool = False,
    form: OptionFormat = ANY_FORMAT,
) -> tuple[dict[str, object] | InvalidContent, str | InvalidContent]:
    """Return the target {"answer": letter, "options": [text, …]}, and the options as lines.

    The lines are "A. cat", "B. dog", unless `form` has another `line`. The other arguments and
    the errors are those of `right_letter`; if `form` says what an answer is, those of
    `stated_letter`. If the answer is ambiguous, both results are the InvalidContent that
    `right_letter` returns.
    """
    if form.answer == "any":
        letter = right_letter(answers, options, where, texts=texts)
    else:
        letter = stated_letter(answers[0], options, where, form.answer)
    if isinstance(letter, InvalidContent):
        return letter, letter
    return {"answer": letter, "options": options}, form.lines(options)


def stated_letter(answer: object, options: Sequence[str], where: str, form: str) -> str:
    """Return the letter of the correct option, given as an `index`, a `letter` or a `text`.

    An index is a number from 0 or its digits. If a text is that of several options, the first one
    counts. Raises DataError for an answer that matches no option.
    """
    given = {"index": str(answer).strip(), "letter": bare_letter(str(answer).strip())}
    letters = ascii_uppercase[: len(options)]
    forms = {"index": map(str, range(len(options))), "letter": letters, "text": options}
    pairs = zip(letters, forms[form], strict=True)
    found = next((letter for letter, one in pairs if one == given.get(form, answer)), "")
    if not found:
        raise DataError(
            f"{where}: answer {repr(answer)} is not the {form} of one of the"
            f" {count(len(options), 'option')}; correct it, or data option option_format"
        )
    return found


def right_letter(
    answers: Sequence[object], options: Sequence[str], where: str, *, texts: bool = False
) -> str | InvalidContent:
    """Return the letter of the correct option.

    `answers` has one item, the correct option: its position from 0, its letter or its text. `where`
    is the row's place for messages. A letter means the option at that position, even if another
    option has this letter as its text (MMMU). `texts` is True if other answers of the file are
    known to be texts of options: an answer that is both a letter and a text is then ambiguous. An
    answer that is the text of two options is ambiguous too. Return an InvalidContent for an
    ambiguous answer. Raises DataError for an answer that matches no option, and for several
    answers.
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
            f"{where}: answer {', '.join(map(repr, answers))} matches {named_options} of the"
            f" {count(len(options), 'option')}; give one letter from {letters[0]} to {letters[-1]},"
            " or the text of one option"
        )
    if len(meant) > 1:
        several = ", ".join(sorted(meant))
        return InvalidContent(
            f"{where}: answer {repr(answer)} may mean options {several}; give one letter"
        )
    return meant.pop()


def matching_letters(answer: object, options: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the letters of the options that equal an answer, and the letter that the answer is.

    Both are sets. The first set is empty if no option equals the answer; the second set is empty if
    the answer is not the letter of an option.
    """
    letters = ascii_uppercase[: len(options)]
    by_text = {letters[at] for at, option in enumerate(options) if option == answer}
    letter = answer if by_text else bare_letter(str(answer))
    return by_text, {str(letter)} & {*letters}


def bare_letter(answer: str) -> str:
    """Return the upper-case letter of an answer such as "B", "b", "(B)" or "B."; "" for other
    answers.
    """
    match = _BARE.fullmatch(answer)
    return match[1].upper() if match else ""
