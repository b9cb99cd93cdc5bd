"""Notes on the table of a group, for the terminal, for Markdown and for pages alike."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.reports.groups.table import GroupTable
from mmbench.text import count


def group_notes(found: GroupTable) -> list[str]:
    """Return notes on missing means, failed samples and other data, and what the means are.

    The notes contain names as they are: escape each note as a whole.
    """
    return [
        *([f"no mean: {found.reason}"] if found.reason else []),
        *_without_mean(found),
        *_failures(found),
        *(
            f"{title}: {column.differs}"
            for title, column in zip(found.titles, found.columns, strict=True)
            if column.differs
        ),
        _means([column.weight for column in found.columns]),
    ]


def _without_mean(found: GroupTable) -> list[str]:
    """Return a note for each reason for which models have no mean; it names all its models."""
    by_reason: dict[str, list[str]] = {}
    for row in found.rows:
        if row.reason:
            by_reason.setdefault(row.reason, []).append(row.model)
    return [
        f"{', '.join(models)} {'has' if len(models) == 1 else 'have'} no mean: {reason}"
        for reason, models in by_reason.items()
    ]


def _failures(found: GroupTable) -> list[str]:
    return [
        f"{row.model}: {count(score.failed, 'sample')} of {title} failed"
        for row in found.rows
        for title, score in zip(found.titles, row.scores, strict=True)
        if score and score.failed
    ]


def _means(weights: Sequence[float]) -> str:
    equal = len(set(weights)) == 1
    words = "equally weighted" if equal else f"with the weights {_listed(weights)}"
    return (
        f"mean: of {len(weights)} scores, {words}; by samples: weighted by the numbers of samples;"
        " 95 %: as if the tasks were independent"
    )


def _listed(weights: Sequence[float]) -> str:
    return ", ".join(f"{weight:g}" for weight in weights)
