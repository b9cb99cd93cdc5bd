"""The parts of a word error rate, as further columns of its breakdowns."""

from __future__ import annotations

from collections.abc import Container

_RATES = ("substitution_rate", "deletion_rate", "insertion_rate")


def error_types(score: str, known: Container[str]) -> dict[str, str]:
    """Return the scores that are parts of a word error rate, by the title of their column.

    For `wer[basic]`, `deletions` is `deletion_rate[basic]`. `known` are the scores of the run;
    parts that are not among them are left out. Other scores have no parts.
    """
    name, bracket, normaliser = score.partition("[")
    if name != "wer":
        return {}
    scores = {f"{rate.removesuffix('_rate')}s": f"{rate}{bracket}{normaliser}" for rate in _RATES}
    return {title: part for title, part in scores.items() if part in known}
