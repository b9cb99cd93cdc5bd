"""`mmbench power`: the samples that a comparison needs."""

from __future__ import annotations

import argparse
import sys

from mmbench.cli.exit_codes import DONE
from mmbench.cli.output.comparisons.power import plan_lines
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.terminal import screen_width, show
from mmbench.comparison.power.plan import plan


def command(args: argparse.Namespace) -> int:
    """Print the plan of a comparison."""
    made = plan(
        args.task,
        metric=args.metric,
        baseline=args.baseline,
        candidate=args.candidate,
        difference=args.difference,
        accuracy=args.accuracy,
        agreement=args.agreement,
        sd=args.sd,
        samples=args.samples,
        power=args.power,
        alpha=args.alpha,
        price=args.price,
        out=args.out,
        seed=args.seed,
    )
    if args.json:
        write_json(made)
    else:
        show(plan_lines(made, screen_width(sys.stdout)))
    return DONE
