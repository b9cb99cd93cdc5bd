"""`mmbench check`: everything but the forward passes."""

from __future__ import annotations

import argparse
from itertools import product

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import SAMPLES, UNCLEAR, until_interrupted, worst
from mmbench.cli.output.terminal import show
from mmbench.cli.parser.options import run_options
from mmbench.text import count, plain, sample_noun


def command(args: argparse.Namespace) -> int:
    """Check every pair and say what a run would do."""
    pairs = product(args.model or [None], args.task)
    return worst(until_interrupted(_pair(model, task, args) for model, task in pairs))


def _pair(model: str | None, task: str, args: argparse.Namespace) -> int:
    from mmbench.engine.check import check

    try:
        found = check(model, task, run_options(args, task))
    except BaseException as error:
        return report(error)
    sizes = ", ".join(count(n, sample_noun(side)) for side, n in sorted(found.sizes.items()))
    who = "the data of" if model is None else f"{plain(model)} on"
    lines = [f"{who} {plain(task)}: {sizes}; fingerprint {found.fingerprint[:12]}"]
    lines += [f"  {plain(ident)}: {plain(why)}" for ident, why in found.failures[:20]]
    if found.failures:
        lines += [f"  {count(len(found.failures), 'sample')} would fail"]
    lines += [f"  note: {plain(note)}" for note in found.notes]
    if found.unmeasured:
        lines += [f"  the headline would have no value: {plain(found.unmeasured)}"]
    show(lines)
    if found.failures or found.unmeasured:
        return SAMPLES if found.failures else UNCLEAR
    show([f"  ready: `mmbench run{' -m MODEL' if model is None else ''}` with the same flags"])
    return 0
