"""Comparison of every metric with references: other packages, definitions, golden numbers.

A metric and its reference get the same inputs. Each row has their largest difference and the
tolerance. A case is skipped, with a reason, if its reference is not installed or its data are
missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.conformance.case import (
    DEFINITION,
    Case,
    ConformanceRow,
    LargestDifference,
    max_difference,
    run_case,
    value,
)

__all__ = [
    "DEFINITION",
    "Case",
    "ConformanceRow",
    "LargestDifference",
    "cases",
    "conformance",
    "families",
    "max_difference",
    "run_case",
    "value",
]


def families() -> list[str]:
    """Return the names of all metric families: built-in families in table order, then plugins'."""
    return list(dict.fromkeys([*TABLES["conformance"], *registry.names("conformance")]))


def cases(family: str) -> list[Case]:
    """Return the cases of a metric family, in table order.

    Raises UnknownName for an unknown family.
    """
    listed: list[Case] = registry.lookup("conformance", family)
    return listed


def conformance(
    names: Sequence[str] | None = None, data: str | Path | None = None
) -> Iterator[ConformanceRow]:
    """Run the cases of the families called `names` (None: of all families) and yield their rows.

    `data` is the folder with the published data sets; None skips the cases that need one.
    """
    folder = None if data is None else Path(data)
    for family in families() if names is None else names:
        for case in cases(family):
            yield run_case(family, case, folder)
