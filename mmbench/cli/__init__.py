"""The command line. Each command imports what it runs, and no other."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module

from mmbench.errors import UserError
from mmbench.memory import ADVICE, is_out_of_memory
from mmbench.text import printable

DONE, FAILED, USER, SAMPLES, UNCLEAR, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130
_INTERRUPTIONS = (INTERRUPTED, 128 + signal.SIGTERM, 128 + getattr(signal, "SIGHUP", 1))
_WORST_FIRST = (*_INTERRUPTIONS, BUG, USER, SAMPLES, UNCLEAR, FAILED)
_TRACEBACK = "MMBENCH_TRACEBACK"  # a variable of the environment


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (docs/cli.md lists them).

    Without arguments it is the command of this process, whose signals and standard streams are set
    up; with them it is run as a function.
    """
    if argv is not None:
        return _command(argv)
    from mmbench.cli.process import run_process

    return run_process(lambda: _command(sys.argv[1:]))


def _command(argv: Sequence[str]) -> int:
    try:
        from mmbench.cli.parser import make_parser
        from mmbench.cli.parser.home_folder import expand_home

        parser = make_parser()
        args = parser.parse_args(argv)
        if args.command is None:
            parser.print_help()
            return DONE
        expand_home(args)
        _load_plugins(args)
        code: int = import_module(f"mmbench.cli.commands.{args.module}").command(args)
    except BaseException as error:
        return report(error)
    return code


def _load_plugins(args: object) -> None:
    from mmbench.cli.output.json_output import printing_to_stderr
    from mmbench.registry import load_plugin

    for path in getattr(args, "plugin", None) or ():
        with printing_to_stderr(getattr(args, "json", False)):
            load_plugin(path)


def report(error: BaseException) -> int:
    """Print an error as a user should see it and return its exit code."""
    from mmbench.cli.output.terminal import show
    from mmbench.cli.process import interruption, report_interruption

    if number := interruption(error):
        report_interruption()
        return 128 + number
    message = str(error) if isinstance(error, UserError) else _fault(error)
    if message:
        if os.environ.get(_TRACEBACK):
            _print_traceback(error)
        first, *rest = message.splitlines()
        show([f"mmbench: error: {first}", *(f"  {line}" for line in rest)], sys.stderr)
        return USER
    if isinstance(error, Exception):
        _print_traceback(error)
        print("mmbench: this is a bug; please report it with the lines above", file=sys.stderr)
        return BUG
    raise error


def _print_traceback(error: BaseException) -> None:
    print(printable("".join(traceback.format_exception(error))), end="", file=sys.stderr)


def _fault(error: BaseException) -> str:
    """Return what is wrong where the fault is not mmbench's, empty where it is."""
    if is_out_of_memory(error):
        return ADVICE
    from mmbench.cli.libraries import library_fault

    if "mmbench.registry" in sys.modules:  # else no plugin was loaded
        from mmbench.plugins.faults import plugin_fault

        if fault := plugin_fault(error):
            return f"{fault}; {_TRACEBACK}=1 shows the traceback"
    return library_fault(error)


def until_interrupted(codes: Iterable[int]) -> list[int]:
    """Collect exit codes, up to the first that says that the command was interrupted."""
    collected: list[int] = []
    for code in codes:
        collected.append(code)
        if code in _INTERRUPTIONS:
            break
    return collected


def worst(codes: Sequence[int]) -> int:
    """Of several exit codes the one to end with."""
    return next((code for code in _WORST_FIRST if code in codes), DONE)
