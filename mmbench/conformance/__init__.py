"""Every metric beside its references: packages that are installed, definitions, golden numbers.

The same inputs go through both, and the largest difference stands beside the tolerance. A reference
that is not installed, and data that are not given, skip their rows and say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from mmbench.conformance.case import Case, Compared, Row, row_of

_MODULES = {
    "retrieval": "mmbench.conformance.retrieval",
    "captions": "mmbench.conformance.captions",
    "clipscore": "mmbench.conformance.clipscore",
    "distribution": "mmbench.conformance.distribution",
    "classification": "mmbench.conformance.classification",
    "answers": "mmbench.conformance.answers",
    "drawings": "mmbench.reference.conformance",
    "speech": "mmbench.conformance.speech",
    "mos": "mmbench.conformance.mos",
}

FAMILIES = tuple(_MODULES)

__all__ = ["FAMILIES", "Case", "Compared", "Row", "cases", "conformance", "row_of"]


def cases(family: str) -> list[Case]:
    """The cases of a family, one of `FAMILIES`, in the order of the table."""
    found: list[Case] = import_module(_MODULES[family]).CASES
    return found


def conformance(
    families: Sequence[str] = FAMILIES, data: str | Path | None = None
) -> Iterator[Row]:
    """The rows of families, each as soon as it is known. `data` is the folder of real data."""
    folder = None if data is None else Path(data)
    for family in families:
        for case in cases(family):
            yield row_of(family, case, folder)
