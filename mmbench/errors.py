"""The error classes.

    MmbenchError
    ├── UserError          invalid input of the user; exit code 2
    │   ├── UnknownName    an unknown name; the message suggests similar names
    │   ├── SpecError      an invalid task or model file
    │   ├── DataError      a data set that cannot be found or read as a whole
    │   │   ├── MissingRows    the file of a run's rows does not exist
    │   │   ├── RepeatedIds    data or outputs in which an id occurs several times
    │   │   └── ColumnsNeeded  own data whose columns the user has to name
    │   ├── ModelError     a checkpoint that cannot be found or loaded
    │   └── Missing        a missing program or file that a feature requires
    │       └── MissingExtra   a missing library that a feature requires
    └── SampleError        one sample that cannot be evaluated; saved, counted and shown
        └── ContentError   a sample with unusable bytes, so that retrying does not help

Every message is one line: what happened, where, and what to type next; line breaks in the names of
files and in other texts of users are escaped. Only errors that list several things have several
lines. Other exceptions are bugs and end with exit code 70 and a traceback.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from shlex import quote
from typing import Self

from mmbench.surrogates import escape_surrogates

_CLOSE, _NEAR = 3, 5  # most suggested names: by spelling, and in all
_FEW = 8  # the message lists up to this many known names
_LINE_BREAK = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # those of str.splitlines
_LONGEST = 200  # longer names are truncated to this many characters


class MmbenchError(Exception):
    """The base class of mmbench's errors. Lone surrogates in the message are escaped."""

    def __init__(self, message: str = "") -> None:
        super().__init__(escape_surrogates(message))


class UserError(MmbenchError):
    """An error that the user can fix; the message says how.

    Each argument is a line of the message, in which line breaks are escaped.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(_LINE_BREAK.sub(_escaped, line) for line in lines))

    def with_lines(self, *lines: str) -> Self:
        """Return an error of the same type and with the same attributes, but other lines."""
        error = type(self).__new__(type(self))
        UserError.__init__(error, *lines)
        error.__dict__.update(self.__dict__)
        return error


def _escaped(line_break: re.Match[str]) -> str:
    return line_break[0].encode("unicode_escape").decode()


class UnknownName(UserError):
    """The error for an unknown name; its message suggests similar names.

    `what` says what the name stands for ("model", "task", "key of tasks/x.yaml"). The message
    suggests similar names among `known`. If no name is similar, it lists all known names, provided
    that they are few. `hint` says how to list all names.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        name, known = _shortened(name), sorted(map(_shortened, known))
        if near := near_names(name, known):
            parts = [f"did you mean {', '.join(near)}?"]
        elif not known:
            parts = ["none exist"]
        else:
            parts = [f"known: {', '.join(known)}"] if len(known) <= _FEW else []
        parts += [hint] if hint else []
        advice = (" " if near else "; ").join(parts)
        super().__init__(": ".join([f"unknown {what} {name!r}", *filter(None, [advice])]))


class UnknownKind(UnknownName):
    """The error for an unknown kind in a task file: no loaded plugin registers the kind."""


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the most similar names in `known`, then names that share the beginning of `name`.

    For example, `wer[basic]` and `wer[none]` share a beginning, and so do `shapes` and
    `shapes-vqa`.
    """
    by_spelling = {one.casefold(): one for one in known}
    typed = name.casefold()
    if typed in by_spelling:
        return [by_spelling[typed]]
    close = get_close_matches(typed, by_spelling, n=_CLOSE, cutoff=0.6)
    stem = re.split(r"[@\[{]", typed)[0]
    alike = [one for one in by_spelling if stem and one.startswith((typed, f"{stem}@", f"{stem}["))]
    return [by_spelling[one] for one in dict.fromkeys([*close, *alike])][:_NEAR]


class SpecError(UserError):
    """The error for an invalid task or model file."""


class DataError(UserError):
    """The error for a data set that cannot be found or read as a whole."""


class ColumnsNeeded(DataError):
    """The error for own data whose columns are not known.

    `columns` is the value of the flag `--columns` to type; `advice` is the part of the message that
    names it.
    """

    def __init__(self, problem: str = "", columns: str = "") -> None:
        self.columns, self.advice = columns, f"add --columns {quote(columns)}" if columns else ""
        super().__init__("; ".join(filter(None, [problem, self.advice])))


class MissingSplit(DataError):
    """The error for own data that lack a split; the message says how to add it."""


class RepeatedIds(DataError):
    """The error for data or outputs in which an id occurs several times."""


class MissingRows(DataError):
    """The file with the rows of a run does not exist; its record may be complete."""


class ModelError(UserError):
    """The error for a checkpoint that cannot be found or loaded."""


class Missing(UserError):
    """The error for a missing program or file that a feature requires.

    A metric that requires it has the value n/a.
    """


class MissingExtra(Missing):
    """The error for a missing library that a feature requires."""

    def __init__(self, feature: str, library: str, install: str) -> None:
        super().__init__(f"{feature} needs {library}: pip install {install!r}")


class SampleError(MmbenchError):
    """The error for one sample that cannot be evaluated.

    The failure is saved, counted and shown.
    """


class ContentError(SampleError):
    """The error for a sample with unusable bytes.

    The failure is cached, because it would occur again.
    """
