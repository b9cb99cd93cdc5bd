"""`mmbench compare` with three or more runs of a task: their ranks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.ranking.names import run_names
from mmbench.cli.output.ranking.table import ranking_lines
from mmbench.cli.output.terminal import screen_width, show
from mmbench.comparison.comparability import task_name
from mmbench.comparison.plot import write_figure
from mmbench.comparison.ranking.plot import ranking_figure
from mmbench.comparison.ranking.ranking import rankings
from mmbench.comparison.ranking.result import Ranking
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun


def show_rankings(args: argparse.Namespace, runs: Sequence[StoredRun]) -> None:
    """Print the ranks of the runs of each task, unless `--json` asks for pairs alone."""
    ranked = rankings(runs, metrics=args.metric, alpha=args.alpha, seed=args.seed, cost=args.cost)
    if args.plot is not None:
        _plot(args.plot, ranked, runs)
    if args.json:
        if args.pairs is None:
            write_json(ranked)
        return
    width = screen_width(sys.stdout)
    for nth, ranking in enumerate(ranked):
        records = [run.record for run in runs if task_name(run.record) == ranking.task]
        lines = ranking_lines(ranking, records, width)
        show(["", "", *lines] if nth else lines)


def _plot(file: str, ranked: Sequence[Ranking], runs: Sequence[StoredRun]) -> None:
    """Draw the only ranking. Raises UserError for several, and if there is nothing to draw."""
    if len(ranked) > 1:
        raise UserError("--plot draws one score of one task; select them with --metric and -t")
    (ranking,) = ranked
    over_cost = ranking.cost_unit is not None
    if not any((run.front if over_cost else run.rank) is not None for run in ranking.runs):
        reason = ranking.reason or f"no record has {ranking.cost_unit}"
        raise UserError(f"--plot: nothing to draw: {reason}")
    names = run_names([run.record for run in runs])
    write_figure(lambda: ranking_figure(ranking, names, "--plot"), file)
