"""The provenance of data: keys of `source` that data sets turn into notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

COLUMNS = "columns"  # the columns that were inferred from their names: image=filepath,text=title
_NEXT_ROLE = re.compile(r",(?=\s*\w+=)")  # a comma between two columns, not one in a name


def split_columns(text: str) -> Iterator[tuple[str, str]]:
    """Yield the roles and columns in a text such as `image=filepath,text=title`.

    A part without an equals sign has the column "".
    """
    for part in _NEXT_ROLE.split(text) if text else ():
        role, _, column = part.partition("=")
        yield role.strip(), column.strip()


def merge_columns(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return pairs (role, column) as {role: column}; a repeated role has a list of columns."""
    columns: dict[str, list[str]] = {}
    for role, column in pairs:
        columns.setdefault(role, []).append(column)
    return {role: names[0] if len(names) == 1 else names for role, names in columns.items()}


def column_notes(source: Mapping[str, str]) -> list[str]:
    """Return a note on the columns that were inferred from their names, [] if there are none."""
    flag = source.get(COLUMNS)
    return [f"columns are inferred from their names: --columns {flag}"] if flag else []
