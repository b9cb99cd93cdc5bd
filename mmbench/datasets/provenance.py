"""The provenance of data: keys of `source` that data sets turn into notes."""

from __future__ import annotations

from collections.abc import Mapping

COLUMNS = "columns"  # the columns that were inferred from their names: image=filepath,text=title


def column_notes(source: Mapping[str, str]) -> list[str]:
    """Return a note on the columns that were inferred from their names, [] if there are none."""
    flag = source.get(COLUMNS)
    return [f"columns are inferred from their names: --columns {flag}"] if flag else []
