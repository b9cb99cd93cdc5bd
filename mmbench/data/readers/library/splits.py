"""The choice of a split of a data set, if the user names none."""

from __future__ import annotations

from collections.abc import Iterable

from mmbench.errors import DataError, UnknownName
from mmbench.text import listed

_USUAL = "test"


def chosen_split(splits: Iterable[str], split: str | None, place: str) -> str:
    """Return `split` if it is one of the splits of the data set `place`.

    If `split` is None, return `test` or the only split. Raises UnknownName for another split, and
    DataError if it is unclear which split to read.
    """
    names = list(map(str, splits))
    if split is not None and split not in names:
        raise UnknownName(
            f"split of {place}", split, names, "set data option `split`, or --split NAME"
        )
    if split is not None:
        return split
    usual = names if len(names) == 1 else [name for name in names if name == _USUAL]
    if not usual:
        raise DataError(f"{place} has the splits {listed(names)}; add --split NAME")
    return usual[0]
