"""The flags of compare, gate, history, list, show and leaderboard. Loads nothing but argparse."""

from __future__ import annotations

import argparse

from mmbench.cli.parser.arguments import natural, seed, share
from mmbench.cli.parser.shared_flags import RUN, Commands, command, plugins, runs_of_task


def compare(commands: Commands) -> None:
    """Add `mmbench compare`."""
    text = "compare runs on the same samples, with tests"
    parser = command(commands, "compare", "results", text)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help=f"the first is the baseline; {RUN}")
    runs_of_task(parser)
    _metric_flag(parser)
    _test_flags(parser)
    add(
        "--show",
        type=natural,
        default=10,
        metavar="N",
        help="how many changed samples to show (default: 10)",
    )
    add("--json", action="store_true", help="every pair as a JSON array on stdout")


def gate(commands: Commands) -> None:
    """Add `mmbench gate`."""
    text = "pass or fail a candidate: is it worse than the baseline beyond noise and a margin"
    parser = command(commands, "gate", "results", text)
    add = parser.add_argument
    add("--baseline", required=True, metavar="RUN", help=RUN)
    add(
        "--candidate",
        required=True,
        metavar="RUN",
        help="the run to judge, in a form that --baseline accepts",
    )
    runs_of_task(parser)
    add(
        "--fail-if",
        action="append",
        required=True,
        metavar="'METRIC: LOSS'",
        help="fail when the metric is worse by more than this: a percentage of the baseline"
        " (-0.5%%) or a number (-0.005); repeat for several",
    )
    _test_flags(parser)
    add(
        "--on-unclear",
        choices=["pass", "fail", "4"],
        default="4",
        help="exit code when there are too few samples: 0, 1 or 4 (default: 4)",
    )
    add("--junit", metavar="FILE", help="write the verdicts as JUnit XML")
    add("--github", action="store_true", help="print the verdicts as GitHub annotations too")
    add("--json", action="store_true", help="the verdicts as a JSON array on stdout")


def history(commands: Commands) -> None:
    """Add `mmbench history`."""
    text = "a metric over checkpoints, and where it changed"
    parser = command(commands, "history", "results", text)
    add = parser.add_argument
    add("task", metavar="TASK", help="a task's name")
    add("--model", metavar="NAME", help="only runs of this model")
    help = (
        "the metric, in all its directions and variants; repeat for several (default: the headline)"
    )
    add("--metric", action="append", default=[], metavar="NAME", help=help)
    help = "order of a line (default: step if the names of all its checkpoints have one)"
    add("--by", choices=["step", "created"], help=help)
    add("--plot", metavar="FILE", help="write a plot: .svg, .png or .pdf")
    _test_flags(parser)
    add("--json", action="store_true", help="the points as a JSON array on stdout")


def list(commands: Commands) -> None:
    """Add `mmbench list`."""
    parser = command(commands, "list", "results", "names, one a line; loads none of them")
    what = ["models", "tasks", "metrics", "kinds", "data", "trainers", "conformance", "runs"]
    parser.add_argument("what", choices=what)
    _runs_folder(parser)
    plugins(parser)


def show(commands: Commands) -> None:
    """Add `mmbench show`."""
    parser = command(commands, "show", "results", "describe one model, task, metric or run")
    parser.add_argument("what", choices=["model", "task", "metric", "run"])
    parser.add_argument("name", help=f"for a run: {RUN}")
    parser.add_argument(
        "--json", action="store_true", help="print the whole record of a run as JSON"
    )
    runs_of_task(parser)
    _runs_folder(parser)
    plugins(parser)


def leaderboard(commands: Commands) -> None:
    """Add `mmbench leaderboard`."""
    parser = command(commands, "leaderboard", "results", "build the tables again, or show them")
    parser.add_argument("action", choices=["build", "show"])
    parser.add_argument("task", nargs="*", help="default: all")
    brief = (
        "show a line for each model of each task: its headline, and that of the best baseline that"
        " ignores the input"
    )
    parser.add_argument("--brief", action="store_true", help=brief)
    _runs_folder(parser)


def _runs_folder(parser: argparse.ArgumentParser) -> None:
    help = "folder of the runs (default: ./leaderboards)"
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help=help)


def _metric_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="only this metric, in all its directions; repeat for several (default: all)",
    )


def _test_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--alpha", type=share, default=0.05, metavar="P", help="level of the tests (default: 0.05)")
    add("--seed", type=seed, default=0, metavar="N", help="seed of the resamples (default: 0)")
    add(
        "--out",
        default="leaderboards",
        metavar="DIR",
        help="folder of the runs, or its fsspec URL (default: ./leaderboards)",
    )
