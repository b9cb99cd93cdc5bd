"""What can go wrong, as one tree.

    MmbenchError
    ├── UserError          what was typed, written or given; exit code 2
    │   ├── UnknownName    nothing is registered under a name; carries the near ones
    │   ├── SpecError      a task or model file says something it may not
    │   ├── DataError      a data set cannot be found or read as a whole
    │   ├── ModelError     a checkpoint cannot be found or loaded
    │   └── Missing        what a feature needs is not on this machine: a program, a file
    │       └── MissingExtra   ... a library
    └── SampleError        one sample could not be evaluated; kept, counted and shown
        └── ContentError   ... because of its own bytes, so that trying again is useless

Every message is one line: what was wrong, where, and what to type next. Anything outside this tree
is a bug and ends with exit code 70 and its traceback.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from mmbench.surrogates import escape_surrogates

_CLOSE, _NEAR = 3, 5  # names that are suggested: by their spelling, and with those that are longer
_FEW = 8  # names that are listed in full
_LONGEST = 200  # characters of a name that are shown and compared


class MmbenchError(Exception):
    """Root of everything that mmbench raises on purpose. Its message is valid Unicode."""

    def __init__(self, message: str = "") -> None:
        super().__init__(escape_surrogates(message))


class UserError(MmbenchError):
    """The user can mend this; the message says how."""


class UnknownName(UserError):
    """Nothing is known under this name.

    `what` is the sort of thing ("model", "task", "key of tasks/x.yaml"), `known` are the names that
    exist; those that are near are put into the message. Where none is near, a few names are listed
    in full; of many, `hint` says where they are listed.
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
    """A task is of a kind that nobody has here: that of a plugin that is not loaded."""


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return a few names that are spelled like this one, then some that begin as it does.

    `wer[basic]` begins as `wer[none]` does, and `shapes` as `shapes-vqa`.
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
    """A task or model file says something it may not."""


class DataError(UserError):
    """A data set cannot be found or read as a whole."""


class ModelError(UserError):
    """A checkpoint cannot be found or loaded."""


class Missing(UserError):
    """What a feature needs is not on this machine: a program, a file. A metric is then n/a."""


class MissingExtra(Missing):
    """A library that the feature needs is not installed."""

    def __init__(self, feature: str, library: str, install: str) -> None:
        super().__init__(f"{feature} needs {library}: pip install {install!r}")


class SampleError(MmbenchError):
    """One sample could not be evaluated. It is kept, counted and shown."""


class ContentError(SampleError):
    """The bytes of a sample are at fault: the same bytes will fail again, so this is remembered."""
