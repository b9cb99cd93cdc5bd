"""The command line. Each command imports what it runs, and no other."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from mmbench.errors import UserError
from mmbench.memory import ADVICE, is_out_of_memory
from mmbench.text import printable

DONE, FAILED, USER, SAMPLES, UNCLEAR, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130
_WORST_FIRST = (INTERRUPTED, BUG, USER, SAMPLES, UNCLEAR, FAILED)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (docs/cli.md lists them)."""
    from mmbench.cli.home_folder import expand_home
    from mmbench.cli.parser import make_parser

    args = make_parser().parse_args(argv)
    expand_home(args)
    try:
        _load_plugins(args)
        code: int = import_module(f"mmbench.cli.{args.module}").command(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe went away; Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except BaseException as error:
        return report(error)
    return code


def _load_plugins(args: object) -> None:
    from mmbench.registry import load_plugin

    for path in getattr(args, "plugin", None) or ():
        load_plugin(path)


def report(error: BaseException) -> int:
    """Print an error as a user should see it and return its exit code."""
    if isinstance(error, UserError):
        from mmbench.cli.columns import show

        first, *rest = str(error).splitlines()
        show([f"mmbench: error: {first}", *(f"  {line}" for line in rest)], sys.stderr)
        return USER
    if isinstance(error, KeyboardInterrupt):
        print(
            "mmbench: interrupted; what was computed is kept: the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED
    if is_out_of_memory(error):
        print(f"mmbench: error: {ADVICE}", file=sys.stderr)
        return USER
    if isinstance(error, Exception):
        print(printable("".join(traceback.format_exception(error))), end="", file=sys.stderr)
        print("mmbench: this is a bug; please report it with the lines above", file=sys.stderr)
        return BUG
    raise error


def worst(codes: Sequence[int]) -> int:
    """Of several exit codes the one to end with."""
    return next((code for code in _WORST_FIRST if code in codes), DONE)
