"""`mmbench run --until-decided`: runs that stop when the verdict of a gate is known."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mmbench.cli.exit_codes import DONE, FAILED, UNCLEAR, worst
from mmbench.cli.output.terminal import show
from mmbench.errors import UserError

if TYPE_CHECKING:
    from mmbench.comparison.until_decided import DecidedRun
    from mmbench.engine.execution.executor import Executor
    from mmbench.engine.options import RunSettings
    from mmbench.engine.progress import Progress
    from mmbench.engine.run import FinishedRun
    from mmbench.storage.records import StoredRun
    from mmbench.types import RunRecord

_CODES = {"pass": DONE, "fail": FAILED, "unclear": UNCLEAR}


def check_flags(args: argparse.Namespace) -> None:
    """Raise UserError if flags of --until-decided or --budget are missing or in conflict."""
    if args.until_decided and args.budget is not None:
        raise UserError("--until-decided and --budget cannot be combined; leave one of them out")
    if args.baseline is not None and not args.until_decided and args.budget is None:
        raise UserError(
            "--baseline is for runs on a part of the samples; add --budget N or --until-decided"
        )
    if args.strata and args.budget is None:
        raise UserError("--strata is for estimates from a part of the samples; add --budget N")
    if args.until_decided and not (args.baseline and args.fail_if):
        raise UserError(
            "--until-decided: give the run to compare with and a rule, such as"
            " --baseline best --fail-if 'exact_match: -1%'"
        )
    if args.fail_if and not args.until_decided:
        raise UserError("--fail-if: add --until-decided, or use `mmbench gate` on a finished run")


class DecidedRuns:
    """The runs of a command with --until-decided, by run id.

    The baseline of a task is found once, because the runs of the command may change what `best` and
    `latest` mean.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self._runs: dict[str, DecidedRun] = {}
        self._baselines: dict[str, StoredRun] = {}

    def run(
        self,
        model: str,
        task: str,
        options: RunSettings,
        progress: Progress,
        executor: Executor,
    ) -> FinishedRun:
        """Run a model on a task until the rules are decided."""
        from mmbench.comparison.until_decided import SequentialRules, run_until_decided

        args = self.args
        baseline = self._baselines.get(task, args.baseline)
        rules = SequentialRules(baseline, args.fail_if, args.out)
        decided = run_until_decided(model, task, rules, options, progress, executor)
        self._runs[decided.finished.record.run] = decided
        self._baselines[task] = decided.baseline
        return decided.finished

    def report(self, record: RunRecord) -> int:
        """Print the verdicts of a stored run and what was saved, and return the exit code.

        A run on all samples is judged like any other run, by `gate`.
        """
        from mmbench.comparison.gate import gate
        from mmbench.comparison.junit import sentence

        args, decided = self.args, self._runs[record.run]
        verdicts = decided.verdicts or gate(decided.baseline, record, args.fail_if, out=args.out)
        lines = [*map(sentence, verdicts), _saved(record)]
        show(lines, sys.stderr if args.json else sys.stdout)
        return worst([_CODES[verdict.outcome] for verdict in verdicts])


def _saved(record: RunRecord) -> str:
    """Return a line about the samples that were not needed."""
    part = record.task.part
    if part is None:
        return "all samples were needed for the verdict"
    share = 1 - part.samples / part.of
    return f"{part.samples:,} of {part.of:,} samples were enough: {share:.0%} saved"
