"""Samples stored as columns, for sources of many samples, instead of a list of `Sample`."""

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
    """Return samples that are stored as columns: a sequence of `Sample` objects created on access.

    A column is a list, an Arrow array or a NumPy array; all columns have the same length. `ids` are
    strings; `inputs` and `tags` are mappings {name: column}; `groups` are names that samples share.
    `mmbench.columns.ABSENT` in an input or a tag means that the sample has no such input or tag.
    Raises ValueError for a column with another length than `ids`.
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
