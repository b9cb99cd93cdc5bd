"""Parsing of arguments: one-line errors, numbers within a range, and `~` in paths."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import NoReturn

from mmbench.errors import UnknownName
from mmbench.text import plain, with_home

_LARGEST_SEED = 2**63 - 1  # the limit of torch's generators and of numbers in records

# The flags and arguments that may be paths; `[TASK=]PATH` is split by `options.data_for`.
_PATHS = (
    *("data", "predictions", "inception", "fluency_detector", "image", "audio", "video"),
    *("model", "task", "tasks", "plugin", "eval", "labels"),
    *("out", "board", "media", "junit", "github_comment", "plot", "rows", "file", "site", "csv"),
    *("run", "theirs", "baseline", "candidate", "errors", "train"),
)


class Parser(argparse.ArgumentParser):
    """An argument parser that suggests similar choices and prints no usage before an error.

    `advice` is the end of every error message; it states where flags are listed (default: `PROG
    --help`).
    """

    advice = ""

    def error(self, message: str) -> NoReturn:
        """Print an error as one line, and end with exit code 2."""
        from mmbench.cli.output.terminal import show

        stop = "" if message.endswith("?") else ";"
        advice = self.advice or f"`{self.prog} --help` shows all flags"
        show([f"{self.prog}: error: {plain(message, 1000)}{stop} {advice}"], sys.stderr)
        self.exit(2)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Raise ArgumentError for a value that is not among the choices of the action."""
        if action.choices is not None and value not in action.choices:
            what = "command" if isinstance(action, argparse._SubParsersAction) else "choice"
            unknown = UnknownName(what, str(value), map(str, action.choices))
            raise argparse.ArgumentError(action, str(unknown))


def positive(text: str) -> int:
    """Parse an integer of at least 1."""
    return _whole(text, 1)


def natural(text: str) -> int:
    """Parse an integer of at least 0."""
    return _whole(text, 0)


def price(text: str) -> tuple[float, float]:
    """Parse `IN,OUT`: the prices of a million prompt tokens and a million completion tokens."""
    try:
        prices = [float(part) for part in text.split(",")]
    except ValueError:
        prices = []
    if len(prices) != 2 or not all(0 <= one < math.inf for one in prices):
        raise argparse.ArgumentTypeError(
            "give IN,OUT, the prices of a million tokens, such as 0.15,0.6"
        )
    return prices[0], prices[1]


def seed(text: str) -> int:
    """Parse an integer that numpy and torch accept as a seed."""
    if (number := _whole(text, 0)) > _LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text} is above the largest seed, {_LARGEST_SEED}")
    return number


def _whole(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {least}")
    return number


def share(text: str) -> float:
    """Parse a number greater than 0 and less than 1."""
    if not 0 < (value := _number(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value


def above_zero(text: str) -> float:
    """Parse a finite number greater than 0."""
    if not 0 < (value := _number(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def days(text: str) -> float:
    """Parse a number of days, at least 0."""
    if not _number(text) >= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days of at least 0")
    return float(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def expand_home(args: argparse.Namespace) -> None:
    """Replace a leading `~` with the home folder in all arguments that may be paths.

    A shell does not expand `~` after an equals sign (`--out=~/board`).
    """
    for flag in _PATHS:
        if hasattr(args, flag):
            setattr(args, flag, _expanded(getattr(args, flag)))


def _expanded(value: object) -> object:
    if isinstance(value, list):
        return [_expanded(one) for one in value]
    if isinstance(value, Path):
        return Path(with_home(str(value)))
    return with_home(value) if isinstance(value, str) else value
