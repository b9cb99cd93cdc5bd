"""The entry point of `mmbench` and `python -m mmbench`.

Signal handlers are set before other imports, so that Ctrl-C during startup ends with a one-line
message instead of a traceback. The built-in module `_signal` is used because `signal` imports
`enum` first.
"""

import _signal as signal  # type: ignore[import-not-found]
import os
import sys


def _end(number: int, _: object) -> None:
    os.write(2, b"mmbench: interrupted at startup\n")
    os._exit(128 + number)


def main() -> int:
    """Run the command line with the arguments of this process and return the exit code."""
    from mmbench.cli import main as command

    return command()


for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) != signal.SIG_IGN:
        signal.signal(_number, _end)

if __name__ == "__main__":
    sys.exit(main())
