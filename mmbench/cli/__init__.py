"""The command line. Each command imports only the modules that it needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from mmbench.cli.errors import remember_command, report
from mmbench.cli.exit_codes import DONE


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (docs/cli.md lists the exit codes).

    Without `argv`, run the command line of this process, and set up its signals and standard
    streams. With `argv`, run the command as a function.
    """
    if argv is not None:
        return _command(argv)
    from mmbench.cli.process import run_process

    return run_process(lambda: _command(sys.argv[1:]))


def _command(argv: Sequence[str]) -> int:
    remember_command(argv)
    try:
        from mmbench.cli.parser import make_parser
        from mmbench.cli.parser.arguments import expand_home
        from mmbench.cli.process import set_fresh

        parser = make_parser()
        args, unknown = parser.parse_known_args(argv)
        if unknown:
            from mmbench.cli.parser.unknown_flags import unknown_flags

            parser.error(unknown_flags(args, unknown))
        if args.command is None:
            parser.print_help()
            return DONE
        expand_home(args)
        set_fresh(fresh=getattr(args, "fresh", False))
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
