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

from collections.abc import Iterable
from difflib import get_close_matches

from mmbench.surrogates import escape_surrogates


class MmbenchError(Exception):
    """Root of everything that mmbench raises on purpose. Its message is valid Unicode."""

    def __init__(self, message: str = "") -> None:
        super().__init__(escape_surrogates(message))


class UserError(MmbenchError):
    """The user can mend this; the message says how."""


class UnknownName(UserError):
    """Nothing is known under this name.

    `what` is the sort of thing ("model", "task", "key of tasks/x.yaml"), `known` are the names that
    exist; the nearest of them are put into the message.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = sorted(known)
        near = get_close_matches(name, known, n=3, cutoff=0.5) or known[:8]
        meant = f"did you mean {', '.join(near)}?" if near else "there is none at all"
        end = f"; {hint}" if hint else ""
        super().__init__(f"unknown {what} {name!r}: {meant}{end}")


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
