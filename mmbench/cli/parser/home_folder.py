"""The home folder in flags: a shell leaves `~` as it is behind an equals sign (`--out=~/board`)."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmbench.text import with_home

# The flags and arguments that may be paths; `[TASK=]PATH` is taken apart by `options.data_for`.
_PATHS = (
    *("data", "predictions", "inception", "image", "audio", "video"),
    *("model", "task", "tasks", "plugin", "eval", "labels"),
    *("out", "board", "media", "junit", "plot", "rows"),
    *("run", "baseline", "candidate"),
)


def expand_home(args: argparse.Namespace) -> None:
    """Put the home folder in place of a leading `~` in every flag that may be a path."""
    for flag in _PATHS:
        if hasattr(args, flag):
            setattr(args, flag, _expanded(getattr(args, flag)))


def _expanded(value: object) -> object:
    if isinstance(value, list):
        return [_expanded(one) for one in value]
    if isinstance(value, Path):
        return Path(with_home(str(value)))
    return with_home(value) if isinstance(value, str) else value
