"""`mmbench completion`: a script for the shell."""

from __future__ import annotations

import argparse


def command(args: argparse.Namespace) -> int:
    """Print the script; `eval "$(mmbench completion bash)"` runs it."""
    import argcomplete

    print(argcomplete.shellcode(["mmbench"], shell=args.shell))
    return 0
