"""`mmbench gate`: a verdict on a candidate, given as an exit code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmbench.cli.exit_codes import DONE, FAILED, UNCLEAR
from mmbench.cli.output.json_output import write_json
from mmbench.cli.output.terminal import show
from mmbench.cli.parser.options import find_runs
from mmbench.comparison.gate import gate_runs
from mmbench.comparison.junit import annotation, junit, sentence
from mmbench.errors import UserError
from mmbench.reports.pull_request.comment import write_comment
from mmbench.reports.pull_request.section import gate_section
from mmbench.storage.own_files import write_file

_EXIT_CODES = {"pass": DONE, "fail": FAILED}
_ON_UNCLEAR = {"pass": DONE, "fail": FAILED, "4": UNCLEAR}


def command(args: argparse.Namespace) -> int:
    """Print a line for each metric, and return the exit code: 0 if the candidate passes, else 1.

    If a verdict is unclear, return the exit code that --on-unclear sets (default: 4).
    """
    if args.report_url is not None and args.github_comment is None:
        raise UserError("--report-url is for links in a comment; add --github-comment FILE")
    baseline, candidate = find_runs([args.baseline, args.candidate], args)
    result = gate_runs(baseline, candidate, args.fail_if, alpha=args.alpha, seed=args.seed)
    verdicts = result.verdicts
    stream = sys.stderr if args.json else sys.stdout
    show(map(sentence, verdicts), stream)
    if args.github:
        print("\n".join(annotation(verdict, args.on_unclear) for verdict in verdicts), file=stream)
    if args.json:
        write_json(verdicts)
    if args.junit:
        suite = f"mmbench gate: {candidate.record.run} against {baseline.record.run}"
        write_file(Path(args.junit), junit(verdicts, suite, args.on_unclear), "--junit")
    if args.github_comment:
        section = gate_section(result, args.fail_if, args.on_unclear, args.report_url or "")
        write_comment(Path(args.github_comment), section)
    return {**_EXIT_CODES, "unclear": _ON_UNCLEAR[args.on_unclear]}[result.outcome]
