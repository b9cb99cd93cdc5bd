"""`mmbench train`: train a model, and evaluate each checkpoint as soon as it is saved."""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mmbench import registry
from mmbench.cli.errors import report
from mmbench.cli.exit_codes import DONE, worst
from mmbench.cli.output.outcome import send
from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.run_summary import run_result
from mmbench.cli.output.terminal import report_stale, report_unreadable, screen_width, show
from mmbench.cli.output.training_logs import TrainingLogs
from mmbench.cli.workers import executor_of
from mmbench.engine.execution.executor import Executor
from mmbench.engine.execution.in_process import device_for
from mmbench.engine.options import RunSettings
from mmbench.errors import SpecError, UserError
from mmbench.protocols import Trainer
from mmbench.reports import board
from mmbench.reports.reporters import find_reporters
from mmbench.spec import read_yaml
from mmbench.storage import records as store
from mmbench.types import TrainingRun, TrainingStep


def command(args: argparse.Namespace) -> int:
    """Train a model, and run the tasks of `--eval` on each checkpoint."""
    run = _run(args)
    trainer: Trainer = registry.lookup("trainer", run.trainer)
    if args.eval:
        board.check_writable(args.board, "--board")
    last: object = None
    with _executor(args) as executor:
        checkpoints = _Checkpoints(args, run, executor)
        try:
            last = trainer(run, report=checkpoints.report, saved=checkpoints.saved)
        finally:
            checkpoints.progress.finish()
            checkpoints.logs.close(failed=last is None)
    if not isinstance(last, str):
        raise UserError(
            f"trainer {run.trainer} returned {last!r}; return the last checkpoint as NAME@PATH"
        )
    show([f"trained: {last}"])
    if checkpoints.tasks:
        pages, unreadable, stale = board.build(
            args.board, checkpoints.tasks, "--board", task_folders=args.tasks
        )
        report_unreadable(unreadable)
        report_stale(stale)
        show(f"leaderboard: {page}" for page in pages)
    return worst(checkpoints.codes + checkpoints.logs.codes)


def _executor(args: argparse.Namespace) -> AbstractContextManager[Executor | None]:
    """Return the executor of the evaluations; without --eval, trainers may have several ranks."""
    return executor_of(args) if args.eval else nullcontext()


def _run(args: argparse.Namespace) -> TrainingRun:
    """Return the settings of the training run, including the trainer from the recipe.

    Raises UserError for an unusable recipe.
    """
    recipe = Path(args.name) if args.name.endswith((".yaml", ".yml")) else None
    return TrainingRun(
        trainer=_trainer_of(recipe) if recipe else args.name,
        out=Path(args.out),
        recipe=recipe,
        steps=args.steps,
        every=args.every,
        seed=args.seed,
        device=device_for(args.device),
        resume=args.resume,
    )


def _trainer_of(recipe: Path) -> str:
    model = read_yaml(recipe).get("model")
    if not isinstance(model, str):
        raise SpecError(
            f"{recipe}: no key `model`; add `model: NAME` (`mmbench list trainers` shows the names)"
        )
    return model


class _Checkpoints:
    """A listener of a training run that shows its progress and evaluates its checkpoints."""

    def __init__(
        self, args: argparse.Namespace, run: TrainingRun, executor: Executor | None
    ) -> None:
        self.progress = make_progress(quiet=False)
        self.codes = [DONE]
        self.tasks: set[str] = set()
        self._args, self._executor = args, executor
        self._reporters = find_reporters(args.report_to)
        self.logs = TrainingLogs(self._reporters, run)
        self._options = RunSettings(tasks=tuple(args.tasks))
        self._last: TrainingStep | None = None
        self._started = False

    def report(self, step: TrainingStep) -> None:
        """Advance the progress bar of the training stage, and log the step.

        Each stage has its own bar.
        """
        if not self._started or self._last is None or step.before != self._last.before:
            done = step.number - 1 - step.before
            self.progress.finish()
            self.progress.start(
                f"train {step.stage}".rstrip(), step.steps * step.batch, done * step.batch
            )
        self._started, self._last = True, step
        self.progress.advance(step.batch)
        self.logs.add(step)

    def saved(self, model: str) -> None:
        """Show the loss, and run each task on the checkpoint called `model`.

        A task that fails does not stop the others.
        """
        if self._last:
            self.progress.note(f"step {self._last.number}: loss {self._last.loss:.4f}")
        for task in self._args.eval:
            try:
                self._evaluate(model, task)
            except Exception as error:  # reported, and counted in the exit code
                self.codes.append(report(error))

    def _evaluate(self, model: str, task: str) -> None:
        from mmbench.engine.run import run

        outcome = run(model, task, self._options, executor=self._executor)
        where = outcome.report_to(store.BoardReporter(self._args.board, "--board"))
        self.tasks.add(outcome.record.task.name)
        self.progress.finish()  # the next step starts another bar
        self._started = False
        show(run_result(outcome.record, where, screen_width(sys.stdout)))
        self.codes += send(outcome, self._reporters)
