"""Every metric beside its references: packages that are installed, definitions, golden numbers.

The same inputs go through both, and the largest difference stands beside the tolerance. A reference
that is not installed, and data that are not given, skip their rows and say so.
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
    """Return the names of all families: those of mmbench in the order of the table, then others."""
    return list(dict.fromkeys([*TABLES["conformance"], *registry.names("conformance")]))


def cases(family: str) -> list[Case]:
    """Return the cases of a family in the order of the table. Raises UnknownName."""
    listed: list[Case] = registry.lookup("conformance", family)
    return listed


def conformance(
    names: Sequence[str] | None = None, data: str | Path | None = None
) -> Iterator[ConformanceRow]:
    """The rows of families, each as soon as it is known; by default of all.

    `data` is the folder of real data.
    """
    folder = None if data is None else Path(data)
    for family in families() if names is None else names:
        for case in cases(family):
            yield run_case(family, case, folder)
