"""Training of the reference models: reproducible, and safe to kill at any moment.

A run is a folder:

    DIR/recipe.json          the recipe and all versions: enough to repeat the run
    DIR/step-N/              a checkpoint, `NAME@DIR/step-N`
    DIR/state.safetensors    weights and moments in float32, and the step, to resume from

The data and the noise of a step are functions of the seed and the step, so nothing else is stored.
Every file and folder is renamed into place when it is complete.
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

    `report` is called with each step from 1 and its loss in nats, `saved` with each written
    checkpoint. On one CPU with the same number of threads, a killed and resumed run ends with
    bit-identical weights. Raises UnknownName for an unknown family or objective. Raises UserError
    for an invalid size, if `out` holds a run and `resume` is false, if there is no run to resume,
    if its recipe differs, or if it cannot be written.
    """
    from mmbench.reference.training.folder import open_run
    from mmbench.reference.training.loop import StageRun

    # Before anything is written, so that a faulty recipe is refused.
    run = StageRun(out, recipe, device)
    open_run(out, recipe, device, resume=resume)
    for step, loss in run.steps():
        if report:
            report(step, loss)
        if recipe.saves_at(step):
            folder = run.save(step)
            if saved:
                saved(folder)
    return out / f"step-{recipe.steps}"
