"""The lines below a table of ranked runs: the best runs, the value of the first, the costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmbench.comparison.ranking.costs import TITLES
from mmbench.comparison.ranking.result import Ranking
from mmbench.text import count, plain
from mmbench.text.number_format import decimals, format_number

_NAMED = 4  # runs that a sentence names


def ranking_notes(ranking: Ranking, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines below the table: the best runs, the first value, excluded samples, costs."""
    yield from map(plain, ranking.notes)
    if ranking.reason:
        yield f"no ranks: {plain(ranking.reason)}"
        yield from (plain(note, 1000) for note in ranking.notes)
        yield from _cost_notes(ranking, names)
        return
    level = f"{100 * (1 - ranking.alpha):g} %"
    yield _best(ranking, names, level)
    yield from _first_notes(ranking, level)
    yield f"ranks: those that are possible, for all runs together ({level})"
    if ranking.excluded:
        yield f"excluded: {count(ranking.excluded, 'sample')} that failed in one of the runs"
    yield from (plain(note, 1000) for note in ranking.notes)
    yield from _cost_notes(ranking, names)


def _first_notes(ranking: Ranking, level: str) -> Iterator[str]:
    """Yield what the choice of the first run may cost, and its value without the luck of the best.

    Numbers that would be printed as 0 are left out.
    """
    digits = decimals(*(run.value for run in ranking.runs))
    loss, too_high = ranking.largest_loss or 0.0, ranking.first_too_high or 0.0
    if round(loss, digits):
        yield (
            f"The first run is at most {loss:.{digits}f} from the best ({level}), on average"
            f" {ranking.expected_loss or 0.0:.{digits}f}."
        )
    if round(too_high, digits):
        word = "high" if ranking.better == "higher" else "low"
        yield (
            f"Its value is about {too_high:.{digits}f} too {word}, because it is the best of"
            f" several; corrected: {format_number(ranking.corrected, digits)}."
        )


def _best(ranking: Ranking, names: Mapping[str, str], level: str) -> str:
    among = [names[run.run] for run in ranking.runs if run.among_best]
    runs = sum(run.rank is not None for run in ranking.runs)
    if len(among) == 1:
        return f"The best of {runs} runs is {among[0]} ({level})."
    if len(among) == runs:
        return f"The best of {runs} runs may be any of them ({level})."
    if len(among) > _NAMED:
        return f"The best of {runs} runs is among the {len(among)} with yes ({level})."
    return f"The best of {runs} runs is among {len(among)} ({level}): {', '.join(among)}."


def _cost_notes(ranking: Ranking, names: Mapping[str, str]) -> Iterator[str]:
    unit = ranking.cost_unit
    if unit is None:
        return
    yield f"{unit}: {TITLES[unit]}"
    if ranking.cost_note:
        yield plain(ranking.cost_note)
    missing = [names[run.run] for run in ranking.runs if run.cost is None]
    if missing:
        why = " (its outputs came from the cache)" if unit == "seconds" else ""
        yield f"no {unit} in the record{why}: {', '.join(missing)}"
    if any(run.front in ("no", "unclear") for run in ranking.runs):
        yield (
            "front: no means that a run that costs no more is significantly better, or that a"
            " cheaper run has the same rows; unclear means that it is better, but not significantly"
        )
    for run in ranking.runs:
        if run.front == "no":
            yield f"  {names[run.run]}: surpassed by {names[run.cheaper]}"
