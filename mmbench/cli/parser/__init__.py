"""All commands and flags. Loads nothing but argparse; docs/cli.md is generated from it."""

from __future__ import annotations

import argparse
import os

from mmbench import __version__
from mmbench.cli.parser import models, outputs, verdicts
from mmbench.cli.parser.arguments import Parser, days, positive, seed
from mmbench.cli.parser.flags import (
    RUN,
    Commands,
    command,
    device,
    pair,
    plugins,
    runs_of_task,
    written,
)

EXIT_CODES = """exit codes: 0 done; 1 a negative verdict; 2 an error of yours, one line says what to
type; 3 samples failed beyond --allow-failed; 4 no verdict (too little data), or no value for
the headline; 70 a bug; 130, 143 or 129 interrupted (Ctrl-C, SIGTERM, SIGHUP), resumable"""


def make_parser() -> argparse.ArgumentParser:
    """The parser of `mmbench`. Each command sets `module`, its module in mmbench.cli.commands.

    Where a shell asks for completions, they are printed and the process ends.
    """
    parser = Parser(
        prog="mmbench",
        description="Evaluate multimodal models: one command, one honest number.",
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    parser.advice = "`mmbench --help` shows all commands, `mmbench COMMAND --help` their flags"
    parser.add_argument("--version", action="version", version=f"mmbench {__version__}")
    parser.set_defaults(module="maintenance.help")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for add in (
        _run,
        outputs.score,
        outputs.rescore,
        verdicts.compare,
        verdicts.gate,
        verdicts.history,
        outputs.selftest,
        outputs.conformance,
        _check,
        models.verify,
        models.classify,
        models.chat,
        _list,
        _show,
        _leaderboard,
        _train,
        _cache,
        _completion,
    ):
        add(commands)
    if "_ARGCOMPLETE" in os.environ:
        from mmbench.cli.commands.maintenance.completion import complete

        complete(parser)
    return parser


def _run(commands: Commands) -> None:
    parser = command(
        commands, "run", "evaluation.run", "run models on tasks and write the leaderboard"
    )
    pair(parser)
    written(parser)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="compute everything again; the cache is kept, and not read",
    )
    parser.add_argument(
        "--media",
        metavar="DIR",
        help="write what was drawn or spoken here, as TASK/RUN/ID.png or .wav",
    )


def _check(commands: Commands) -> None:
    text = "everything but the forward passes: names, data, files, weights; without -m the data"
    pair(command(commands, "check", "evaluation.check", text), model=False)


def _list(commands: Commands) -> None:
    parser = command(commands, "list", "results.list", "names, one a line; loads none of them")
    what = ["models", "tasks", "metrics", "kinds", "data", "runs"]
    parser.add_argument("what", choices=what)
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help="where the runs are")
    plugins(parser)


def _show(commands: Commands) -> None:
    parser = command(commands, "show", "results.show", "all about one model, task, metric or run")
    parser.add_argument("what", choices=["model", "task", "metric", "run"])
    parser.add_argument("name", help=f"for a run: {RUN}")
    parser.add_argument("--json", action="store_true", help="of a run: its whole record as JSON")
    runs_of_task(parser)
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help="where the runs are")
    plugins(parser)


def _leaderboard(commands: Commands) -> None:
    parser = command(
        commands, "leaderboard", "results.leaderboard", "make the tables again, or show them"
    )
    parser.add_argument("action", choices=["build", "show"])
    parser.add_argument("task", nargs="*", help="default: all")
    brief = (
        "show a line for each model of each task: its headline, and that of the best baseline that"
        " ignores the input"
    )
    parser.add_argument("--brief", action="store_true", help=brief)
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help="where the runs are")


def _train(commands: Commands) -> None:
    parser = command(commands, "train", "evaluation.train", "train a reference model by its recipe")
    add = parser.add_argument
    add("name", help="a shipped recipe (clip-nano ...), or a YAML file")
    add("--out", required=True, metavar="DIR", help="where checkpoints go, as DIR/step-N")
    add("--steps", type=positive, metavar="N", help="of all stages; default: the recipe's")
    add("--every", type=positive, metavar="N", help="a checkpoint every N steps")
    device(parser, "cpu")
    add("--seed", type=seed, metavar="N", help="default: 0")
    add("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    add(
        "--eval",
        action="append",
        default=[],
        metavar="TASK",
        help="run this task on each checkpoint when it is written, into --board",
    )
    add("--board", default="leaderboards", metavar="DIR", help="default: ./leaderboards")


def _cache(commands: Commands) -> None:
    text = "what is kept of models' outputs under $MMBENCH_CACHE; prune removes what no run uses"
    parser = command(commands, "cache", "maintenance.cache", text)
    parser.add_argument("action", choices=["show", "prune"])
    parser.add_argument(
        "--older-than",
        type=days,
        metavar="DAYS",
        help="prune only what was not used for so long",
    )


def _completion(commands: Commands) -> None:
    text = "a script for the shell that completes commands, flags, models, tasks, metrics and runs"
    parser = command(commands, "completion", "maintenance.completion", text)
    usage = 'bash, zsh: eval "$(mmbench completion SHELL)"; fish: mmbench completion fish | source'
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help=usage)
