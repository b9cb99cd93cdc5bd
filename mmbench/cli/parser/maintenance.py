"""The flags of selftest, conformance, cache and completion. Imports nothing but argparse."""

from __future__ import annotations

from mmbench.cli.parser.arguments import days
from mmbench.cli.parser.shared_flags import Commands, command, inputs, plugin, plugins


def selftest(commands: Commands) -> None:
    """Add the subcommand `mmbench selftest` and its flags."""
    text = "check a task without a model: oracle, chance level, sample order, corrupt samples"
    parser = command(commands, "selftest", "maintenance", text)
    parser.add_argument("task", nargs="*", metavar="TASK", help="tasks to check (default: all)")
    inputs(parser, "data for the checks (default: the task's data)")
    plugins(parser)


def conformance(commands: Commands) -> None:
    """Add the subcommand `mmbench conformance` and its flags."""
    text = "compare every metric with its references: packages, definitions, golden numbers"
    parser = command(commands, "conformance", "maintenance", text)
    add = parser.add_argument
    add(
        "--data",
        metavar="DIR",
        help="folder of the real data for golden numbers; see docs/conformance.md",
    )
    add(
        "--rows",
        metavar="FILE",
        help="use rows from another environment (a file written by --json) for the rows that are"
        " skipped here",
    )
    add(
        "--family",
        action="append",
        default=[],
        metavar="NAME",
        help="compare only this family (see `mmbench list conformance`); repeat for several",
    )
    plugin(parser)
    output_format = parser.add_mutually_exclusive_group()
    output_format.add_argument("--json", action="store_true", help="print the rows as a JSON array")
    output_format.add_argument(
        "--markdown", action="store_true", help="print the rows as the page docs/conformance.md"
    )


def cache(commands: Commands) -> None:
    """Add the subcommand `mmbench cache` and its flags."""
    text = "show cached model outputs in $MMBENCH_CACHE, or remove outputs that no run uses"
    parser = command(commands, "cache", "maintenance", text)
    parser.add_argument("action", choices=["show", "prune"])
    parser.add_argument(
        "--older-than",
        type=days,
        metavar="DAYS",
        help="prune only outputs that have not been used for DAYS",
    )


def completion(commands: Commands) -> None:
    """Add the subcommand `mmbench completion` and its flags."""
    text = "print a shell script that completes commands, flags, models, tasks, metrics and runs"
    parser = command(commands, "completion", "maintenance", text)
    usage = 'bash, zsh: eval "$(mmbench completion SHELL)"; fish: mmbench completion fish | source'
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help=usage)
