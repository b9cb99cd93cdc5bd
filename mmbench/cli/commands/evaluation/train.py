"""`mmbench train`: train a reference model, and evaluate its checkpoints as they are written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmbench.cli.errors import report
from mmbench.cli.exit_codes import DONE, worst
from mmbench.cli.output.progress import make_progress
from mmbench.cli.output.run_summary import run_result
from mmbench.cli.output.terminal import report_unreadable, screen_width, show
from mmbench.engine.inference.runner import device_for
from mmbench.protocols import Trainer
from mmbench.reference.training import Recipe, changed, read_recipe, train
from mmbench.reports import board
from mmbench.storage import records as store


def command(args: argparse.Namespace) -> int:
    """Train by a recipe; run the tasks of `--eval` on each checkpoint."""
    recipe, device = _recipe(args), device_for(args.device)
    if args.eval:
        board.check_writable(args.board, "--board")
    told = _Told(args, recipe)
    trainer: Trainer[Recipe] = train
    try:
        last = trainer(
            recipe,
            Path(args.out),
            resume=args.resume,
            device=device,
            report=told.step,
            saved=told.saved,
        )
    finally:
        told.progress.finish()
    show([f"trained: {recipe.model}@{last}"])
    if told.tasks:
        pages, unreadable = board.build(args.board, told.tasks, "--board")
        report_unreadable(unreadable)
        show(f"leaderboard: {page}" for page in pages)
    return worst(told.codes)


def _recipe(args: argparse.Namespace) -> Recipe:
    """The one that is named, or with --resume that of the run; with what else was typed."""
    from mmbench.reference.training.folder import started
    from mmbench.reference.training.recipe import recipe_of

    out = Path(args.out)
    recipe = recipe_of(started(out), str(out)) if args.resume else read_recipe(args.name)
    return changed(recipe, steps=args.steps, seed=args.seed, every=args.every)


class _Told:
    """Shows the steps of a training run as progress, and measures its checkpoints."""

    def __init__(self, args: argparse.Namespace, recipe: Recipe) -> None:
        self.progress = make_progress(quiet=False)
        self.codes = [DONE]
        self.tasks: set[str] = set()
        self._args, self._recipe = args, recipe
        self._started = False

    def step(self, step: int, loss: float) -> None:
        """Told of each step."""
        stage, within = self._recipe.at(step)
        if not self._started or within == 1:
            self._started = True
            self.progress.finish()
            items = stage.steps * stage.batch
            self.progress.start(f"train {stage.name}", items, (within - 1) * stage.batch)
        self.progress.advance(stage.batch)
        if self._recipe.keeps(step):
            self.progress.note(f"step {step}: loss {loss:.4f}")

    def saved(self, folder: Path) -> None:
        """Each task on this checkpoint; one that fails does not stop the others."""
        from mmbench.engine.run import run

        for task in self._args.eval:
            try:
                outcome = run(f"{self._recipe.model}@{folder}", task)
                where = outcome.report_to(store.BoardReporter(self._args.board, "--board"))
                self.tasks.add(outcome.record.task.name)
                self.progress.finish()  # the next step begins another bar
                self._started = False
                show(run_result(outcome.record, where, screen_width(sys.stdout)))
            except Exception as error:  # told, and counted in the exit code
                self.codes.append(report(error))
