"""Error messages for users: a single line, or the traceback if the error is a bug."""

from __future__ import annotations

import os
import re
import shlex
import sys
import traceback
from collections.abc import Sequence

from mmbench.cli.exit_codes import BUG, USER
from mmbench.errors import ColumnsNeeded, UserError
from mmbench.memory import ADVICE, is_out_of_memory
from mmbench.text import printable

_TRACEBACK = "MMBENCH_TRACEBACK"  # an environment variable
_PACKAGES = {"yaml": "pyyaml", "PIL": "pillow"}  # packages whose modules have other names


_typed: list[str] = []  # the arguments of the command that runs


def remember_command(arguments: Sequence[str]) -> None:
    """Set the arguments of the command that runs, which advice on its flags repeats."""
    _typed[:] = arguments


def report(error: BaseException) -> int:
    """Print an error for the user and return its exit code."""
    from mmbench.cli.process import interruption, report_interruption

    if number := interruption(error):
        report_interruption()
        return 128 + number
    message = _with_command(error) if isinstance(error, UserError) else _fault(error)
    if message:
        from mmbench.cli.output.terminal import show  # here because `--help` does not need it

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


def _with_command(error: UserError) -> str:
    """Return the message of an error; advice to add --columns becomes the whole command line."""
    message = str(error)
    for one in _chain(error):
        if isinstance(one, ColumnsNeeded) and one.advice and _typed:
            message = message.replace(one.advice, f"type {_command_line(one.columns)}")
    return message


def _command_line(columns: str) -> str:
    """Return the command that runs, with `columns` as its flag `--columns`."""
    kept, skip = [], False
    for argument in _typed:
        if not skip and not argument.startswith("--columns"):
            kept.append(argument)
        skip = argument == "--columns"
    return shlex.join(["mmbench", *kept, "--columns", columns])


def _print_traceback(error: BaseException) -> None:
    print(printable("".join(traceback.format_exception(error))), end="", file=sys.stderr)


def _fault(error: BaseException) -> str:
    """Return a message if the cause of an error is outside mmbench; "" for a bug of mmbench."""
    if is_out_of_memory(error):
        return ADVICE
    if "mmbench.registry" in sys.modules:  # otherwise no plugin was loaded
        from mmbench.plugins.faults import plugin_fault

        if fault := plugin_fault(error):
            return f"{fault}; {_TRACEBACK}=1 shows the traceback"
    return _library_fault(error)


def _library_fault(error: BaseException) -> str:
    """Return a message about a library that cannot be imported, with the command to run.

    The message is "" for any other error.
    """
    for one in _chain(error):
        module = (one.name or "").partition(".")[0] if isinstance(one, ImportError) else ""
        if module and module != "mmbench":
            package = _PACKAGES.get(module, module.replace("_", "-")).lower()
            reason = " ".join(str(one).split())
            return (
                f"the library {package} cannot be imported ({reason}); type"
                f" pip install '{_requirement(package)}'"
            )
    return ""


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and its causes; the original cause is last."""
    chain = [error]
    while (cause := chain[-1].__cause__) and cause not in chain:
        chain.append(cause)
    return chain


def _requirement(package: str) -> str:
    """Return a package with its version range if mmbench requires one, else only its name."""
    from importlib import metadata

    try:
        required = metadata.requires("mmbench") or []
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        required = []
    plain = (one for one in required if ";" not in one)
    return next((one for one in plain if re.split(r"[^\w-]", one)[0].lower() == package), package)
