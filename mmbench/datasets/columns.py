"""Samples as columns: what a source of many samples returns in the place of a list of `Sample`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmbench.columns import Mappings, Repeated, Table, as_column
from mmbench.types import Sample


def sample_columns(
    ids: Any,
    inputs: Mapping[str, Any] | None = None,
    *,
    targets: Any = None,
    groups: Any = None,
    tags: Mapping[str, Any] | None = None,
) -> Table[Sample]:
    """Return samples whose fields are columns: a sequence of `Sample`, each made when it is used.

    A column is a list, an Arrow array or a NumPy array, of one length for all: texts as `ids`, by
    name what a model is asked as `inputs`, `targets`, the names of what samples share as `groups`,
    texts by name as `tags`. `mmbench.columns.ABSENT` in a column of inputs or tags stands where a
    sample has none. Raises ValueError for a column of another length than `ids`.
    """
    n = len(ids)
    return Table(
        Sample,
        {
            "id": as_column(ids),
            "inputs": _mappings(inputs, n),
            "target": Repeated(None, n) if targets is None else as_column(targets),
            "group": Repeated("", n) if groups is None else as_column(groups),
            "tags": _mappings(tags, n),
        },
    )


def _mappings(columns: Mapping[str, Any] | None, n: int) -> Mappings:
    return Mappings({name: as_column(values) for name, values in (columns or {}).items()}, n)
