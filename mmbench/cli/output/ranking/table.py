"""The table of ranked runs: intervals of ranks, values, costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10

from mmbench.cli.output.ranking.names import run_names
from mmbench.cli.output.ranking.notes import ranking_notes
from mmbench.cli.output.terminal import table
from mmbench.comparison.ranking.result import RankedRun, Ranking
from mmbench.reports.sections import caption
from mmbench.text import count, count_in_groups, plain
from mmbench.text.number_format import decimals, format_number
from mmbench.types import RunRecord


def ranking_lines(ranking: Ranking, records: Sequence[RunRecord], width: int | None) -> list[str]:
    """Return the lines that `mmbench compare` prints for three or more runs, by one score.

    `records` are the records of the runs, in any order.
    """
    names = run_names(records)
    rows = ranking_rows(ranking, names)
    runs = count(len(ranking.runs), "run")
    samples = f" on {count_in_groups(ranking.n, 'sample', ranking.groups)}" if ranking.n else ""
    return [
        f"{plain(ranking.task)}: {plain(caption([records[0]]), 1000)}",
        f"{plain(ranking.metric)}, {ranking.better} is better: {runs}{samples}",
        "",
        *table(rows, {len(rows[0]) - 1}, width),
        "",
        *ranking_notes(ranking, names),
    ]


def ranking_rows(ranking: Ranking, names: Mapping[str, str]) -> list[list[str]]:
    """Return the cells of the table, with the header first; the last column has the names."""
    tested, unit = not ranking.reason, ranking.cost_unit
    header = ["ranks", "best?"] if tested else []
    header += ["value", *(["to first"] if tested else [])]
    header += [unit, *(["front"] if tested else [])] if unit else []
    digits = decimals(*(run.value for run in ranking.runs))
    rows: list[list[str]] = [[*header, "run"]]
    for run in ranking.runs:
        cells = _rank_cells(run) if tested else []
        cells.append(format_number(run.value, digits))
        first = run.run == ranking.runs[0].run
        cells += ["" if first else format_number(run.difference, digits, "+")] if tested else []
        cells += [format_number(run.cost, _cost_digits(ranking))] if unit else []
        cells += [run.front or ""] if unit and tested else []
        rows.append([*cells, names[run.run]])
    return rows


def _cost_digits(ranking: Ranking) -> int:
    """Return the decimals that show three digits of the lowest cost."""
    lowest = min((run.cost for run in ranking.runs if run.cost), default=1.0)
    return min(12, max(0, 2 - floor(log10(lowest))))


def _rank_cells(run: RankedRun) -> list[str]:
    if run.rank is None:
        return ["", ""]
    single = run.rank_low == run.rank_high
    interval = f"{run.rank_low}" if single else f"{run.rank_low}-{run.rank_high}"
    return [interval, "yes" if run.among_best else "no"]
