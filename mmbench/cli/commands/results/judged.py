"""`mmbench compare --judge`: the preference of a judge between the answers of runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmbench.cli.exit_codes import DONE, UNCLEAR
from mmbench.cli.output.comparisons.preference import pair_rows, preference_lines
from mmbench.cli.output.json_output import printing_to_stderr, write_json
from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.terminal import screen_width, show
from mmbench.cli.parser.options import run_options
from mmbench.errors import UserError
from mmbench.storage.own_files import write_file
from mmbench.storage.records import StoredRun
from mmbench.text import count, plain
from mmbench.text.csv_text import csv_text


def compare_by_judge(args: argparse.Namespace, runs: Sequence[StoredRun]) -> int:
    """Print the judge's preference between the first run and each other run."""
    from mmbench.comparison.preference.preference import RUBRIC, pairwise_rubric, preference

    if args.metric:
        raise UserError("--judge compares answers without metrics; leave out --metric")
    pairwise_rubric(args.rubric or RUBRIC)
    options = run_options(args)
    with printing_to_stderr(args.json):
        results = [
            preference(
                runs[0],
                candidate,
                options,
                rubric=args.rubric or RUBRIC,
                alpha=args.alpha,
                progress=make_progress(quiet=args.quiet),
            )
            for candidate in runs[1:]
        ]
    if args.csv:
        rows = [row for result in results for row in pair_rows(result)]
        write_file(Path(args.csv), csv_text(rows).encode(), "--csv")
        done = f"wrote {count(len(rows), 'verdict')} to {plain(args.csv, 4_000)}"
        show([done], sys.stderr)
    if args.json:
        write_json(results)
    else:
        width = screen_width(sys.stdout)
        for nth, (result, run) in enumerate(zip(results, runs[1:], strict=True)):
            records = (runs[0].record, run.record)
            lines = preference_lines(result, records, args.show, width)
            show(["", "", *lines] if nth else lines)
    return UNCLEAR if any(result.verdict == "no test" for result in results) else DONE
