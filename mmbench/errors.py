"""The tree of errors.

    MmbenchError
    ├── UserError          invalid input of the user; exit code 2
    │   ├── UnknownName    an unknown name; the message has similar names
    │   ├── SpecError      a task or model file is invalid
    │   ├── DataError      a data set cannot be found or read as a whole
    │   ├── ModelError     a checkpoint cannot be found or loaded
    │   └── Missing        a feature requires a program or a file that is missing
    │       └── MissingExtra   ... a library
    └── SampleError        one sample could not be evaluated; saved, counted and shown
        └── ContentError   ... because of its bytes, so retrying does not help

Every message is one line: what happened, where, and what to type next. Other exceptions are bugs
and end with exit code 70 and a traceback.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from mmbench.surrogates import escape_surrogates

_CLOSE, _NEAR = 3, 5  # suggested names: by spelling, and with those of the same prefix
_FEW = 8  # known names that are all listed
_LONGEST = 200  # characters of a name that are shown and compared


class MmbenchError(Exception):
    """The base class of the errors of mmbench. The message is valid Unicode."""

    def __init__(self, message: str = "") -> None:
        super().__init__(escape_surrogates(message))


class UserError(MmbenchError):
    """An error that the user can fix; the message says how."""


class UnknownName(UserError):
    """An unknown name.

    `what` is the sort of name ("model", "task", "key of tasks/x.yaml"). The message suggests
    similar names among `known`. Without similar ones it lists all known names if they are few;
    `hint` says how to list them.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        name, known = _shortened(name), sorted(map(_shortened, known))
        if near := near_names(name, known):
            parts = [f"did you mean {', '.join(near)}?"]
        elif not known:
            parts = ["there is none at all"]
        else:
            parts = [f"known: {', '.join(known)}"] if len(known) <= _FEW else []
        parts += [hint] if hint else []
        advice = (" " if near else "; ").join(parts)
        super().__init__(": ".join([f"unknown {what} {name!r}", *filter(None, [advice])]))


class UnknownKind(UnknownName):
    """A task has an unknown kind: the plugin of the kind is not loaded."""


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return a few names with a similar spelling, then some with the same prefix.

    `wer[basic]` has the prefix of `wer[none]`, and `shapes` that of `shapes-vqa`.
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
    """A task or model file is invalid."""


class DataError(UserError):
    """A data set cannot be found or read as a whole."""


class ModelError(UserError):
    """A checkpoint cannot be found or loaded."""


class Missing(UserError):
    """A feature requires a program or a file that is missing. A metric is then n/a."""


class MissingExtra(Missing):
    """A feature requires a library that is not installed."""

    def __init__(self, feature: str, library: str, install: str) -> None:
        super().__init__(f"{feature} needs {library}: pip install {install!r}")


class SampleError(MmbenchError):
    """One sample could not be evaluated. It is saved, counted and shown."""


class ContentError(SampleError):
    """A sample failed because of its bytes. The failure is cached, as it would occur again."""
