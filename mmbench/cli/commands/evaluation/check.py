"""`mmbench check`: all steps of a run except the forward passes."""

from __future__ import annotations

import argparse
from itertools import product

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import SAMPLES, UNCLEAR, until_interrupted, worst
from mmbench.cli.output.terminal import show
from mmbench.cli.parser.options import models_of, run_options
from mmbench.cli.parser.requested_tasks import set_tasks
from mmbench.text import count, format_sizes, plain


def command(args: argparse.Namespace) -> int:
    """Check every pair of model and task, and print what a run would do."""
    args.model = models_of(args)
    set_tasks(args)
    pairs = product(args.model or [None], args.task)
    return worst(until_interrupted(_pair(model, task, args) for model, task in pairs))


def _pair(model: str | None, task: str, args: argparse.Namespace) -> int:
    from mmbench.engine.check import check

    try:
        checked = check(model, task, run_options(args, task, model))
    except BaseException as error:
        return report(error)
    sizes = format_sizes(checked.sizes)
    subject = "the data of" if model is None else f"{plain(model)} on"
    lines = [f"{subject} {plain(task)}: {sizes}; fingerprint {checked.fingerprint[:12]}"]
    lines += [f"  {plain(ident)}: {plain(why)}" for ident, why in checked.failures[:20]]
    if checked.failures:
        lines += [f"  {count(len(checked.failures), 'sample')} would fail"]
    lines += [f"  note: {plain(note, 400)}" for note in checked.notes]
    if checked.unmeasured:
        lines += [f"  the headline would have no value: {plain(checked.unmeasured)}"]
    show(lines)
    if checked.failures or checked.unmeasured:
        return SAMPLES if checked.failures else UNCLEAR
    show([f"  ready: `mmbench run{' -m MODEL' if model is None else ''}` with the same flags"])
    return 0
