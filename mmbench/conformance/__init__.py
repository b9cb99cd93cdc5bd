"""Comparison of every metric with references: other packages, definitions, golden numbers.

Metric and reference get the same inputs, and each row has the largest difference and its tolerance.
If a reference is not installed, or data are not given, the row is skipped with a reason.
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
    """Yield the row of each case in some families, by default in all, as soon as it is complete.

    `data` is the folder of real data.
    """
    folder = None if data is None else Path(data)
    for family in families() if names is None else names:
        for case in cases(family):
            yield run_case(family, case, folder)
