"""`mmbench chat`: a conversation with a model about media files."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mmbench.cli.commands.interactive.session import files, open_model
from mmbench.cli.exit_codes import DONE
from mmbench.cli.output.terminal import show
from mmbench.types import Conversation, GenerationConfig, Media, Message

if TYPE_CHECKING:
    from mmbench.engine.interactive import InteractiveModel


def command(args: argparse.Namespace) -> int:
    """Send the prompt, or every line of standard input, to the model and print the answers."""
    with open_model(args) as model:
        turns: Conversation = ()
        media: tuple[Media, ...] = tuple(files(args))
        while text := args.prompt if args.prompt and not turns else _line(args):
            turns = _ask(model, (*turns, Message("user", (*media, text))), args.max_tokens)
            media = ()
    return DONE


def _line(args: argparse.Namespace) -> str:
    """Return the next line of standard input; "" at its end, or if a prompt was given instead."""
    if args.prompt:
        return ""
    if sys.stdin.isatty():
        print("> ", end="", flush=True)
    return sys.stdin.readline().strip()


def _ask(model: InteractiveModel, turns: Conversation, limit: int) -> Conversation:
    output = model.answer(turns, GenerationConfig(max_tokens=limit))
    cut = " [truncated by --max-tokens]" if output.finish == "length" else ""
    if output.reasoning is not None and not output.text:
        cut = f"[no answer after its reasoning]{cut}"
    show(f"{output.text}{cut}".splitlines() or [""])
    return (*turns, Message("assistant", (output.text,)))
