"""`mmbench init task`: write a task file for the user's own data."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmbench.cli.output.terminal import show
from mmbench.cli.parser.options import run_options
from mmbench.errors import UserError
from mmbench.text import format_sizes, plain


def command(args: argparse.Namespace) -> int:
    """Load the data, write the task file, and print the command that runs it."""
    from mmbench.engine.loading.own_task import own_task
    from mmbench.storage.file_names import name_fault

    file = Path(args.file)
    if file.suffix not in (".yaml", ".yml") or name_fault(file.stem):
        raise UserError(f"init task {plain(args.file)}: give the name of a task file, NAME.yaml")
    if file.exists():
        raise UserError(f"{plain(args.file)} exists; remove it, or give another name")
    task = args.task or ("zeroshot" if args.labels or args.template else "retrieval")
    text, data = own_task(task, run_options(args))
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"{plain(args.file)} cannot be written: {error.strerror}") from error
    show(
        [
            f"{plain(args.file)}: task {plain(task)} on {format_sizes(data.sizes())}",
            *(f"  note: {plain(note, 400)}" for note in data.notes()),
            f"  run it with `mmbench run -m MODEL -t {plain(args.file)}`",
        ]
    )
    return 0
