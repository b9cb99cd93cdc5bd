"""`mmbench repeats`: whether a run repeats known errors of the references."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmbench.cli.exit_codes import DONE, UNCLEAR
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.repeats import repeats_lines
from mmbench.cli.output.terminal import screen_width, show
from mmbench.cli.parser.options import find_runs
from mmbench.comparison.reference_errors.known_errors import read_errors
from mmbench.comparison.reference_errors.repeated import repeated_errors


def command(args: argparse.Namespace) -> int:
    """Print the shares of wrong phrases, the tests and the verdict."""
    errors = read_errors(Path(args.errors))
    run, *baseline = find_runs([args.run, *([args.baseline] if args.baseline else [])], args)
    result = repeated_errors(
        run,
        errors,
        baseline=baseline[0] if baseline else None,
        metrics=args.metric,
        alpha=args.alpha,
        seed=args.seed,
    )
    if args.json:
        write_json(result)
    else:
        show(repeats_lines(result, run.record, args.show, screen_width(sys.stdout)))
    return UNCLEAR if result.verdict == "too little data" else DONE
