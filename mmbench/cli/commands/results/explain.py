"""`mmbench explain`: why two results differ, sample by sample and in points."""

from __future__ import annotations

import argparse
import sys

import msgspec

from mmbench.cli.output.comparisons.explanation import explanation_lines
from mmbench.cli.output.json_output import printing_to_stderr, write_json
from mmbench.cli.output.terminal import screen_width, show
from mmbench.cli.parser.options import find_runs
from mmbench.comparison.explain.explain import explain
from mmbench.predictions.column_choice import parse_fields


def command(args: argparse.Namespace) -> int:
    """Print the samples on which a run and another result differ, and the points of each cause."""
    (run,) = find_runs([args.run], args)
    with printing_to_stderr(args.json):
        explanation = explain(
            run,
            args.theirs,
            metric=args.metric,
            their_metric=args.their_metric,
            out=args.out,
            task=args.task,
            tasks=tuple(args.tasks),
            fields=parse_fields(args.field),
        )
    if args.json:
        points = {"difference": explanation.difference, "points": explanation.points()}
        write_json(msgspec.to_builtins(explanation) | points)
    else:
        show(explanation_lines(explanation, args.show, screen_width(sys.stdout)))
    return 0
