"""`mmbench overlap`: test samples in a training list, and the scores of a run on them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmbench.cli.exit_codes import DONE
from mmbench.cli.output.comparisons.overlap import overlap_lines, pair_rows
from mmbench.cli.output.json_output import printing_to_stderr, write_json
from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.terminal import screen_width, show
from mmbench.cli.parser.options import columns_by_role, find_runs, model_of, run_options
from mmbench.comparison.overlap.overlap import THRESHOLD, OverlapSettings, overlap
from mmbench.errors import UserError
from mmbench.storage.own_files import write_file
from mmbench.text import count, plain
from mmbench.text.csv_text import csv_text


def command(args: argparse.Namespace) -> int:
    """Print the counts of equal and near contents, the pairs, and the scores on both parts."""
    _refuse_unused(args)
    model = model_of(args) if args.model else None
    every_task = argparse.Namespace(**{**vars(args), "task": None})
    runs = find_runs([args.run] if args.run else [], every_task)
    settings = OverlapSettings(
        columns=columns_by_role(args.train_columns, "--train-columns"),
        split=args.train_split,
        model=model or "",
        threshold=THRESHOLD if args.threshold is None else args.threshold,
        min_words=args.min_words,
        by=args.by,
        metrics=args.metric,
        seed=args.seed,
    )
    with printing_to_stderr(args.json):
        result = overlap(
            args.task,
            args.train,
            settings,
            run_options(args, args.task, model),
            run=runs[0] if runs else None,
            progress=make_progress(quiet=args.quiet),
        )
    if args.csv:
        write_file(Path(args.csv), csv_text(pair_rows(result.pairs)).encode(), "--csv")
        done = f"wrote {count(len(result.pairs), 'pair')} to {plain(args.csv, 4_000)}"
        show([done], sys.stderr)
    if args.json:
        write_json(result)
    else:
        show(overlap_lines(result, args.show, screen_width(sys.stdout)))
    return DONE


def _refuse_unused(args: argparse.Namespace) -> None:
    """Raise UserError for a flag that has no effect without another flag."""
    if args.threshold is not None and not args.model:
        raise UserError("--threshold is for near duplicates; add -m MODEL, or leave it out")
    if args.model_arg and not args.model:
        raise UserError("--model-arg is an option of a model; add -m MODEL, or leave it out")
    if args.metric and not args.run:
        raise UserError("--metric is a score of a run; add --run RUN, or leave it out")
