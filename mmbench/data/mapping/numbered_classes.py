"""The classes of a user's own data, and labels that are numbers of classes instead of names."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.data.mapping.classes import ClassNames
from mmbench.data.readers.records import parse_text

Label = str | int  # the name of a class, or its index


class NumberedClasses:
    """The classes that a user gives or that a data set declares, with a meaning for numbers.

    `given` are the classes of the user in order, and `declared` those of the data set, [] if there
    are none. `names` are the former, else the latter; without both, every label is a name.

    A number in a data set that declares classes stands for its own class of this number. The user's
    classes rename these if they are as many and none of them has another number there; otherwise
    they select classes by name.
    """

    def __init__(self, given: Sequence[str], declared: Sequence[str], option: str) -> None:
        self.names = list(given or declared)
        self._option, self._known, self._declared = option, set(self.names), declared
        self._by_name = bool(given and declared) and not _renames(given, declared)

    def class_names(self) -> ClassNames:
        """Return the classes for a search by label; errors name the flag that lists classes."""
        hint = f"list all classes in --labels, or in data option `{self._option}`"
        return ClassNames(self.names, hint)

    def has_all(self, names: Sequence[str]) -> bool:
        """Return whether all names are classes."""
        return self._known.issuperset(names)

    def label(self, cell: object) -> Label:
        """Return the label in a cell: the name of a class, or the index of a class.

        A text or, if the data set declares no classes, a number is the name of a class if one is
        called so, else the index of a class. Unknown names and indices are returned unchanged.
        Raises ValueError for a cell that is neither a string nor a number, for an empty one, and
        for a number that no declared class has.
        """
        if self._declared and isinstance(cell, int) and not isinstance(cell, bool):
            return self._numbered(cell)
        text = parse_text(cell)
        if not text:
            raise ValueError("give the class name")
        is_name = not self.names or text in self._known
        is_index = not is_name and text.isascii() and text.isdecimal()
        return int(text) if is_index else text

    def labels(self, cell: object) -> list[Label]:
        """Return the labels in a cell: of a list, or a single one. Raises ValueError (`label`)."""
        return list(map(self.label, cell if isinstance(cell, list) else [cell]))

    def _numbered(self, number: int) -> Label:
        if not 0 <= number < len(self._declared):
            raise ValueError(f"the data set has the classes 0 to {len(self._declared) - 1}")
        return self._declared[number] if self._by_name else number


def _renames(given: Sequence[str], declared: Sequence[str]) -> bool:
    """Return whether `given` has as many classes, and none at another number than `declared`."""
    if len(given) != len(declared):
        return False
    numbers = {name: number for number, name in enumerate(given)}
    return all(numbers.get(name, number) == number for number, name in enumerate(declared))
