"""`mmbench` and `python -m mmbench`.

Signals are handled before anything else is imported, so that Ctrl-C in the first moments ends with
one line as well. The module `signal` would import `enum` first: `_signal`, which is built in, does
not.
"""

import _signal as signal  # type: ignore[import-not-found]
import os
import sys


def _end(number: int, _: object) -> None:
    os.write(2, b"mmbench: interrupted before it began\n")
    os._exit(128 + number)


def main() -> int:
    """Run the command of this process and return its exit code."""
    from mmbench.cli import main as command

    return command()


for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) != signal.SIG_IGN:
        signal.signal(_number, _end)

if __name__ == "__main__":
    sys.exit(main())
