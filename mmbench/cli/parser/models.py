"""The flags of the commands in which a person tries a model, or checks it against the papers."""

from __future__ import annotations

import argparse

from mmbench.cli.parser.arguments import positive
from mmbench.cli.parser.flags import (
    Commands,
    allow_outside,
    command,
    inception,
    machine,
    plugins,
    published_as,
    written,
)


def verify(commands: Commands) -> None:
    """`mmbench verify`."""
    text = "run the tasks that have published numbers for a model: reproduced or not"
    parser = command(commands, "verify", "evaluation.verify", text)
    add = parser.add_argument
    add("-m", "--model", action="append", default=[], help="default: list what was published")
    add("-t", "--task", action="append", default=[], help="default: all with numbers for the model")
    add("--data", action="append", default=[], metavar="[TASK=]PATH", help="where the data are")
    add("--limit", type=positive, metavar="N", help="only the first N: runs, and compares nothing")
    parser.set_defaults(seed=0, fresh=False)
    written(parser)
    machine(parser)
    allow_outside(parser)
    published_as(parser)
    inception(parser)
    plugins(parser)


def classify(commands: Commands) -> None:
    """`mmbench classify`."""
    text = "what a model sees or hears in a file, among labels that you give or its own"
    parser = command(commands, "classify", "interactive.classify", text)
    _asked_of(parser)
    parser.add_argument("--labels", metavar="A,B,…", help="a model that embeds texts needs them")
    parser.add_argument("--top", type=positive, default=5, metavar="N", help="default: 5")


def chat(commands: Commands) -> None:
    """`mmbench chat`."""
    text = "talk with a model about files, a line at a time; an empty line ends it"
    parser = command(commands, "chat", "interactive.chat", text)
    _asked_of(parser)
    parser.add_argument("--prompt", metavar="TEXT", help="ask this once, and end")
    parser.add_argument(
        "--max-tokens", type=positive, default=256, metavar="N", help="default: 256"
    )


def _asked_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--model", required=True, help="NAME[@CHECKPOINT[#REVISION]]")
    for modality in ("image", "audio", "video"):
        help_ = f"a file with {'an' if modality != 'video' else 'a'} {modality}; repeat for several"
        parser.add_argument(
            f"--{modality}", action="append", default=[], metavar="FILE", help=help_
        )
    machine(parser)
    plugins(parser)
