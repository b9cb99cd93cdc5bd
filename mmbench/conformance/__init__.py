"""Comparison of every metric with a reference: another package, a definition or golden numbers.

A metric and its reference get the same inputs. The result is a row with the largest difference
between the two and the tolerance. A case is skipped, with a reason, if its reference is not
installed or its data are missing.
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
    """Run the cases of the metric families called `names`, and yield a row for each case.

    If `names` is None, all families are run. `data` is the folder with the published data sets; if
    it is None, cases that need a data set are skipped.
    """
    folder = None if data is None else Path(data)
    for family in families() if names is None else names:
        for case in cases(family):
            yield run_case(family, case, folder)
