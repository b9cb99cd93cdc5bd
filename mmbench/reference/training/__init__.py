"""Training of the reference models: reproducible, and safe to kill at any moment.

A run is a folder:

    DIR/recipe.json          what was asked and by which versions: enough to repeat the run
    DIR/step-N/              a checkpoint, `NAME@DIR/step-N`
    DIR/state.safetensors    weights and moments in float32 and the step, to go on from

The data and the noise of a step are functions of the seed and the step's number, so nothing else
needs to be kept. Every file and folder appears whole, by a rename.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmbench.reference.training.recipe import (
    Recipe,
    Stage,
    change_recipe,
    read_recipe,
    recipe_names,
)

__all__ = ["Recipe", "Stage", "change_recipe", "read_recipe", "recipe_names", "train"]


def train(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    report: Callable[[int, float], None] | None = None,
    saved: Callable[[Path], None] | None = None,
) -> Path:
    """Train, and return the folder of the last checkpoint, `out/step-N`.

    `report` gets each step from 1 and its loss in nats, `saved` each checkpoint when it is written.
    On one CPU with one number of threads a run that was killed and resumed ends with the same
    weights, bit for bit, as one that was not. Raises UnknownName for a family or an objective that
    nobody has, UserError when a size makes no sense, when `out` holds a run already and `resume` is
    not given, when there is none to resume, when it was started by another recipe, or when it
    cannot be written.
    """
    from mmbench.reference.training.folder import open_run
    from mmbench.reference.training.run import StageRun

    run = StageRun(
        out, recipe, device
    )  # before anything is written, so that a faulty recipe is refused
    open_run(out, recipe, device, resume=resume)
    for step, loss in run.steps():
        if report:
            report(step, loss)
        if recipe.saves_at(step):
            folder = run.save(step)
            if saved:
                saved(folder)
    return out / f"step-{recipe.steps}"
