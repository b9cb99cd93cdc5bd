"""The flags of selftest, conformance, cache and completion. Loads nothing but argparse."""

from __future__ import annotations

from mmbench.cli.parser.arguments import days
from mmbench.cli.parser.shared_flags import Commands, command, inputs, plugin, plugins


def selftest(commands: Commands) -> None:
    """Add `mmbench selftest`."""
    text = "check a task independently of models: oracle, chance, order, corrupt samples"
    parser = command(commands, "selftest", "maintenance", text)
    parser.add_argument("task", nargs="*", metavar="TASK", help="default: all tasks")
    inputs(parser, "test with these data (default: the task's own)")
    plugins(parser)


def conformance(commands: Commands) -> None:
    """Add `mmbench conformance`."""
    text = "compare every metric with its references: packages, definitions, golden numbers"
    parser = command(commands, "conformance", "maintenance", text)
    add = parser.add_argument
    add("--data", metavar="DIR", help="real data for golden numbers; docs/conformance.md names it")
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
        help="only this family (`mmbench list conformance`); repeat for several",
    )
    plugin(parser)
    output_format = parser.add_mutually_exclusive_group()
    output_format.add_argument("--json", action="store_true", help="print the rows as a JSON array")
    output_format.add_argument(
        "--markdown", action="store_true", help="print the page docs/conformance.md"
    )


def cache(commands: Commands) -> None:
    """Add `mmbench cache`."""
    text = "cached model outputs in $MMBENCH_CACHE; prune removes those that no run uses"
    parser = command(commands, "cache", "maintenance", text)
    parser.add_argument("action", choices=["show", "prune"])
    parser.add_argument(
        "--older-than",
        type=days,
        metavar="DAYS",
        help="prune only outputs not used for this long",
    )


def completion(commands: Commands) -> None:
    """Add `mmbench completion`."""
    text = "a script for the shell that completes commands, flags, models, tasks, metrics and runs"
    parser = command(commands, "completion", "maintenance", text)
    usage = 'bash, zsh: eval "$(mmbench completion SHELL)"; fish: mmbench completion fish | source'
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help=usage)
