"""`mmbench` without a command: the help text."""

from __future__ import annotations

import argparse

from mmbench.cli.parser import make_parser


def command(args: argparse.Namespace) -> int:  # noqa: ARG001 - as every command takes it
    """Print all commands."""
    make_parser().print_help()
    return 0
