"""`mmbench completion`: print a completion script for a shell."""

from __future__ import annotations

import argparse


def command(args: argparse.Namespace) -> int:
    """Print the completion script of a shell.

    In bash, `eval "$(mmbench completion bash)"` activates it.
    """
    import argcomplete

    print(argcomplete.shellcode(["mmbench"], shell=args.shell))
    return 0
