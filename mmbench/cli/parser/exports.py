"""The flags of export. Imports nothing but argparse."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmbench.cli.parser.shared_flags import RUN, Commands, command, plugin, runs_of_task


def export(commands: Commands) -> None:
    """Add the subcommand `mmbench export` and its flags."""
    text = (
        "write runs for a model card, the Hugging Face Hub, Every Eval Ever, CSV, CI or a tracker"
    )
    parser = command(commands, "export", "results", text)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help=RUN)
    runs_of_task(parser)
    help = (
        "hub: .eval_results of a model; card: model-index in a README.md; eee: Every Eval Ever;"
        " csv: all scores; junit: tests for CI; or the name of a reporter"
    )
    add("--to", required=True, metavar="hub|card|eee|csv|junit|NAME", help=help)
    add("--file", type=Path, metavar="FILE", help="file to write; a folder for eee")
    add(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="only this metric, in all its directions; repeat for several (default: all; for hub"
        " the headline)",
    )
    help = "export runs with failed samples, other data than the protocol, or a baseline too"
    add("--anyway", action="store_true", help=help)
    _export_facts(parser)
    add(
        "--out",
        default="leaderboards",
        metavar="DIR",
        help="folder of the runs, or its fsspec URL (default: ./leaderboards)",
    )
    plugin(parser)


def _export_facts(parser: argparse.ArgumentParser) -> None:
    """Add the flags for facts that a format wants and that records may not have."""
    add = parser.add_argument
    add(
        "--dataset",
        action="append",
        default=[],
        metavar="[TASK=]ID[:TASK_ID]",
        help="data set on the Hugging Face Hub (OWNER/NAME); for hub with a task id of its"
        " eval.yaml",
    )
    add("--model-id", metavar="OWNER/NAME", help="hub id of the model (default: its checkpoint)")
    add("--source", metavar="URL", help="link to the results, for hub, card and eee")
    add("--organization", metavar="NAME", help="who evaluated the model, for eee")
    add(
        "--relationship",
        choices=["first_party", "third_party", "collaborative", "other"],
        default="other",
        help="of this organization to the developer of the model, for eee (default: other)",
    )
    help = "write rates in percent, for hub and card (default: fractions)"
    add("--percent", action="store_true", help=help)
