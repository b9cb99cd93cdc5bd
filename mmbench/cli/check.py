"""`mmbench check`: everything but the forward passes."""

from __future__ import annotations

import argparse
from itertools import product

from mmbench.cli import SAMPLES, UNCLEAR, report, until_interrupted, worst
from mmbench.cli.options import options_for
from mmbench.text import count, plain, sample_noun


def command(args: argparse.Namespace) -> int:
    """Check every pair and say what a run would do."""
    pairs = product(args.model or [None], args.task)
    return worst(until_interrupted(_pair(model, task, args) for model, task in pairs))


def _pair(model: str | None, task: str, args: argparse.Namespace) -> int:
    from mmbench.engine.check import check

    try:
        found = check(model, task, options_for(task, args))
    except BaseException as error:
        return report(error)
    sizes = ", ".join(count(n, sample_noun(side)) for side, n in found.sizes.items())
    who = "the data of" if model is None else f"{plain(model)} on"
    print(f"{who} {task}: {sizes}; fingerprint {found.fingerprint[:12]}")
    for ident, why in found.failures[:20]:
        print(f"  {plain(ident)}: {plain(why)}")
    if found.failures:
        print(f"  {count(len(found.failures), 'sample')} would fail")
    if found.unmeasured:
        print(f"  the headline would have no value: {plain(found.unmeasured)}")
    if found.failures or found.unmeasured:
        return SAMPLES if found.failures else UNCLEAR
    print("  ready: `mmbench run` with the same flags")
    return 0
