"""The parser of all commands and flags, with one module for each group of commands.

It imports nothing but argparse. docs/cli.md is generated from this parser.
"""

from __future__ import annotations

import argparse
import os

from mmbench import __version__
from mmbench.cli.parser import evaluation, exports, interactive, maintenance, results
from mmbench.cli.parser.arguments import Parser

EXIT_CODES = """exit codes: 0 done; 1 a negative verdict; 2 an error that you can fix, see its
message; 3 more samples failed than --allow-failed; 4 no verdict (too little data), or no value for
the headline; 70 a bug; 130, 143 or 129 interrupted (Ctrl-C, SIGTERM, SIGHUP), resumable"""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `mmbench`. Each command sets `module`, a module of mmbench.cli.commands.

    If a shell requests completions, they are printed and the process ends.
    """
    parser = Parser(
        prog="mmbench",
        description="Evaluate multimodal models on tasks, and compare their scores.",
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    parser.advice = "`mmbench --help` shows all commands, `mmbench COMMAND --help` their flags"
    parser.add_argument("--version", action="version", version=f"mmbench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for add in (
        evaluation.run,
        evaluation.score,
        evaluation.rescore,
        evaluation.rerank,
        results.compare,
        results.gate,
        results.power,
        results.history,
        results.explain,
        results.repeats,
        results.overlap,
        exports.export,
        results.inspect,
        maintenance.selftest,
        maintenance.conformance,
        evaluation.check,
        evaluation.init,
        evaluation.verify,
        interactive.classify,
        interactive.chat,
        results.list,
        results.show,
        results.leaderboard,
        results.report,
        evaluation.train,
        maintenance.cache,
        maintenance.completion,
    ):
        add(commands)
    if "_ARGCOMPLETE" in os.environ:
        from mmbench.cli.parser.completed_names import complete

        complete(parser)
    return parser
