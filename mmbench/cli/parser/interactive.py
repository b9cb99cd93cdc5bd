"""The flags of classify and chat. Imports nothing but argparse."""

from __future__ import annotations

import argparse

from mmbench.cli.parser.arguments import positive
from mmbench.cli.parser.shared_flags import Commands, command, machine, plugins


def classify(commands: Commands) -> None:
    """Add the subcommand `mmbench classify` and its flags."""
    text = "classify files, with the given labels or the model's own classes"
    parser = command(commands, "classify", "interactive", text)
    _model_and_files(parser)
    parser.add_argument(
        "--labels", metavar="A,B,…", help="the candidate labels; embedding models need them"
    )
    parser.add_argument(
        "--top", type=positive, default=5, metavar="N", help="number of labels to show (default: 5)"
    )


def chat(commands: Commands) -> None:
    """Add the subcommand `mmbench chat` and its flags."""
    text = "chat with a model about files, one line at a time; an empty line ends the chat"
    parser = command(commands, "chat", "interactive", text)
    _model_and_files(parser)
    parser.add_argument(
        "--prompt", metavar="TEXT", help="send this prompt, print the answer and end"
    )
    parser.add_argument(
        "--max-tokens",
        type=positive,
        default=256,
        metavar="N",
        help="token limit of an answer (default: 256)",
    )


def _model_and_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-m", "--model", required=True, help="a model NAME[:VARIANT][@CHECKPOINT[#REVISION]]"
    )
    for modality in ("image", "audio", "video"):
        help_ = f"a file with {'an' if modality != 'video' else 'a'} {modality}; repeat for several"
        parser.add_argument(
            f"--{modality}", action="append", default=[], metavar="FILE", help=help_
        )
    machine(parser)
    plugins(parser)
