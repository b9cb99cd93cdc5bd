"""`mmbench train`: train a reference model, and evaluate its checkpoints."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmbench import board, store
from mmbench.cli import DONE, report, worst
from mmbench.cli.progress import make_progress


def command(args: argparse.Namespace) -> int:
    """Train, then run the tasks of `--eval` on every checkpoint."""
    from mmbench.train import train_clip_nano

    out = Path(args.out)
    given = {"steps": args.steps, "every": args.every, "seed": args.seed}
    settings = {key: value for key, value in given.items() if value is not None}
    told = _Told(out / "recipe.json")
    try:
        last = train_clip_nano(out, settings, resume=args.resume, report=told.step)
    finally:
        told.progress.finish()
    print(f"trained: mmbench run -m {args.name}@{last} -t shapes-retrieval")
    return _evaluate(args)


class _Told:
    """Shows the steps of a training run as progress."""

    def __init__(self, recipe: Path) -> None:
        self.progress = make_progress(quiet=False)
        self._recipe = recipe
        self._every = 0

    def step(self, step: int, loss: float) -> None:
        """Told of each step. The recipe, which says how many there are, is there by then."""
        if not self._every:
            settings = json.loads(self._recipe.read_text(encoding="utf-8"))["settings"]
            self._every = settings["every"]
            self.progress.start("train", settings["steps"], step - 1)
        self.progress.advance(1)
        if step % self._every == 0:
            self.progress.note(f"step {step}: loss {loss:.4f}")


def _evaluate(args: argparse.Namespace) -> int:
    """Each task on each checkpoint; a pair that fails does not stop the others."""
    from mmbench.engine.run import run

    codes = [DONE]
    steps = sorted(Path(args.out).glob("step-*"), key=lambda path: int(path.name[5:]))
    for task in args.eval:
        for step in steps:
            try:
                outcome = run(f"{args.name}@{step}", task)
                print(store.write_record(args.board, outcome.record, outcome.rows))
            except (Exception, KeyboardInterrupt) as error:
                codes.append(report(error))
    if args.eval:
        print("\n".join(board.build(args.board, args.eval)))
    return worst(codes)
