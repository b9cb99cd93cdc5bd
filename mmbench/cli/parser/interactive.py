"""The flags of classify and chat. Loads nothing but argparse."""

from __future__ import annotations

import argparse

from mmbench.cli.parser.arguments import positive
from mmbench.cli.parser.shared_flags import Commands, command, machine, plugins


def classify(commands: Commands) -> None:
    """Add `mmbench classify`."""
    text = "classify files, with the given labels or the model's own classes"
    parser = command(commands, "classify", "interactive", text)
    _model_and_files(parser)
    parser.add_argument("--labels", metavar="A,B,…", help="the labels, needed for embedding models")
    parser.add_argument("--top", type=positive, default=5, metavar="N", help="default: 5")


def chat(commands: Commands) -> None:
    """Add `mmbench chat`."""
    text = "talk with a model about files, line by line; an empty line ends it"
    parser = command(commands, "chat", "interactive", text)
    _model_and_files(parser)
    parser.add_argument("--prompt", metavar="TEXT", help="ask this once, and end")
    parser.add_argument(
        "--max-tokens", type=positive, default=256, metavar="N", help="default: 256"
    )


def _model_and_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--model", required=True, help="NAME[@CHECKPOINT[#REVISION]]")
    for modality in ("image", "audio", "video"):
        help_ = f"a file with {'an' if modality != 'video' else 'a'} {modality}; repeat for several"
        parser.add_argument(
            f"--{modality}", action="append", default=[], metavar="FILE", help=help_
        )
    machine(parser)
    plugins(parser)
