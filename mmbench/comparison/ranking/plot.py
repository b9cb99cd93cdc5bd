"""Plots of a ranking: the intervals of ranks, or the values over the cost with the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mmbench.comparison.plot import escape_label, new_figure
from mmbench.comparison.ranking.costs import TITLES
from mmbench.comparison.ranking.result import RankedRun, Ranking
from mmbench.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOUR, _GREY = "#2f5d8a", "#8a8a8a"
_FRONT = {"yes": ("o", _COLOUR, _COLOUR), "unclear": ("o", _COLOUR, "white"),
          "no": ("x", _GREY, _GREY)}  # fmt: skip
_MEANING = {
    "yes": "on the front",
    "unclear": "a cheaper run is better, but not significantly",
    "no": "a cheaper run is significantly better",
}
_ROW, _FRAME = 0.28, 1.1  # inches
_FAR = 50.0  # costs that differ by more than this factor are drawn on a logarithmic axis


def ranking_figure(ranking: Ranking, names: Mapping[str, str], feature: str) -> Figure:
    """Draw a ranking: with a cost the values over it, otherwise the intervals of ranks.

    `names` are the names of the runs by id. Raises MissingExtra, which names the `feature`, if
    matplotlib is not installed.
    """
    over_cost = ranking.cost_unit is not None
    runs = [run for run in ranking.runs if (run.front if over_cost else run.rank) is not None]
    height = max(4.5, _ROW * len(runs)) if over_cost else _FRAME + _ROW * len(runs)
    figure = new_figure(9.0 if over_cost else 7.0, height, feature)
    figure.suptitle(
        escape_label(f"{ranking.task}: {ranking.metric}"), x=0.01, ha="left", fontsize=10
    )
    axes = figure.subplots()
    if over_cost:
        _costs(axes, ranking, runs)
        figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
        _number_runs(figure, [names[run.run] for run in runs])
    else:
        _ranks(axes, ranking, runs, names)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure


def _number_runs(figure: Figure, names: Sequence[str]) -> None:
    """List the names of the runs, numbered as in the plot, on its right side."""
    from matplotlib.lines import Line2D

    figure.legend(
        [Line2D([], [], linestyle="none") for _ in names],
        [escape_label(f"{number}  {plain(name, 48)}") for number, name in enumerate(names, 1)],
        loc="outside right upper",
        handlelength=0,
        handletextpad=0,
        fontsize=7,
        frameon=False,
    )


def _ranks(
    axes: Axes, ranking: Ranking, runs: Sequence[RankedRun], names: Mapping[str, str]
) -> None:
    for row, run in enumerate(runs):
        colour = _COLOUR if run.among_best else _GREY
        axes.hlines(row, run.rank_low or 0, run.rank_high or 0, color=colour, linewidth=1.6)
        axes.plot([run.rank or 0], [row], "o", color=colour, markersize=5)
    labels = [escape_label(plain(names[run.run], 48)) for run in runs]
    axes.set_yticks(range(len(runs)), labels, fontsize=8)
    axes.set_ylim(len(runs) - 0.5, -0.5)  # the first at the top
    axes.set_xlabel(
        f"rank and its {100 * (1 - ranking.alpha):g} % interval; blue: may be the best",
        fontsize=8,
    )
    axes.locator_params(axis="x", integer=True)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)


def _costs(axes: Axes, ranking: Ranking, runs: Sequence[RankedRun]) -> None:
    """Draw the values over the cost; a line connects the runs on the front."""
    front = sorted((run.cost or 0.0, run.value or 0.0) for run in runs if run.front == "yes")
    axes.plot(*zip(*front, strict=True), color=_COLOUR, linewidth=1, zorder=1)
    for kind, (sign, edge, inside) in _FRONT.items():
        own = [run for run in runs if run.front == kind]
        if own:
            axes.plot(
                [run.cost or 0.0 for run in own], [run.value or 0.0 for run in own], sign,
                color=edge, markerfacecolor=inside, label=_MEANING[kind],
            )  # fmt: skip
    axes.margins(x=0.12, y=0.12)
    costs = [run.cost for run in runs if run.cost]
    if costs and max(costs) > _FAR * min(costs):
        axes.set_xscale("log")
    for number, run in enumerate(runs, 1):
        axes.annotate(
            f"{number}", (run.cost or 0.0, run.value or 0.0), (5, 5),
            textcoords="offset points", fontsize=8,
        )  # fmt: skip
    axes.set_xlabel(TITLES[ranking.cost_unit] if ranking.cost_unit else "", fontsize=8)
    axes.set_ylabel(escape_label(f"{ranking.metric}, {ranking.better} is better"), fontsize=8)
    axes.grid(color="#dddddd", linewidth=0.6)
