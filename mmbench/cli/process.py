"""The process of a command: signals, standard streams and the exit code.

SIGINT, SIGTERM and SIGHUP interrupt a command. Outputs computed so far remain in the cache, and the
exit code is 130, 143 or 129, as usual for these signals. A second signal ends the process
immediately. Signals that the parent process ignores (nohup) are still ignored.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from mmbench.cli.streams import Streams

NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Interrupted(KeyboardInterrupt):
    """The exception raised when a signal interrupts the command."""


class _State:
    """The state of signal handling in this process."""

    fresh = False  # whether the command has --fresh, which would compute the kept outputs again

    handled = False  # whether the handlers of this module are installed
    received = 0  # the signal that interrupted the command
    reported = False


def run_process(command: Callable[[], int]) -> int:
    """Run a command as this process, and return its exit code.

    The command reports its own errors. argparse raises SystemExit.
    """
    from mmbench.cli.exit_codes import USER, worst

    streams = Streams()
    handle_signals(_interrupt)
    sys.unraisablehook = _end_or_report
    _State.handled = True
    try:
        code = command()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else USER * bool(error.code)
    handle_signals(lambda _: os._exit(code))  # the result is complete; only threads are running
    # Runs after the threads have ended; later Python would reset the handlers.
    atexit.register(_ignore_signals)
    if output_fault := streams.close():
        print(f"mmbench: error: {output_fault}", file=sys.stderr)
        code = worst([code, USER])
    if _State.received:  # threads may wait for a library, and must not delay the end
        atexit._run_exitfuncs()
        os._exit(code)
    return code


def handle_signals(action: Callable[[int], object]) -> None:
    """Call `action` with the number of each signal that the parent process does not ignore."""
    process = os.getpid()

    def handler(number: int, _: FrameType | None) -> None:
        if os.getpid() != process:  # a forked process ends as if it had no handlers
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        action(number)

    for number in NUMBERS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def interruption(error: BaseException) -> int:
    """Return the number of the signal that caused an error; 0 if no signal caused it.

    A library that is interrupted may raise another error than KeyboardInterrupt.
    """
    if _State.received:
        return _State.received
    by_hand = isinstance(error, KeyboardInterrupt) and not _State.handled
    return signal.SIGINT if by_hand else 0


def set_fresh(*, fresh: bool) -> None:
    """Set whether the command has --fresh, for the advice after an interruption."""
    _State.fresh = fresh


def _message() -> str:
    again = "run the same command again"
    again += ", without --fresh, to continue" if _State.fresh else " to continue"
    return f"mmbench: interrupted; computed outputs are kept; {again}"


def report_interruption() -> None:
    """Print, at most once, that the command was interrupted."""
    if not _State.reported:
        from mmbench.cli.output.terminal import show

        _State.reported = True
        show([_message()], sys.stderr)


def _interrupt(number: int) -> NoReturn:
    if _State.received:
        _end_at_once(_State.received)
    _State.received = number
    raise Interrupted


def _end_or_report(unraisable: sys.UnraisableHookArgs) -> None:
    """End the process if Python discards an interruption.

    Python discards exceptions in destructors and weakref callbacks, and the command would otherwise
    continue. Other exceptions are reported as usual.
    """
    if isinstance(unraisable.exc_value, Interrupted):
        _end_at_once(_State.received)
    sys.__unraisablehook__(unraisable)


def _end_at_once(number: int) -> NoReturn:
    """End the process without cleanup; at most the journal entry being written is lost."""
    if not _State.reported:
        os.write(2, f"{_message()}\n".encode())
    os._exit(128 + number)
