"""Reproducible training of the reference models, which can be killed and resumed at any time.

A training run is a folder:

    DIR/recipe.json          the recipe and software versions, which suffice to repeat the run
    DIR/step-N/              a checkpoint, `NAME@DIR/step-N`
    DIR/state.safetensors    weights, optimiser moments (float32) and the step, to resume from

The data and random numbers of a step are functions of the seed and the step, so no more state is
needed. Every file and folder is written under a temporary name and renamed when complete.
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
    """Train a model by a recipe; return the folder of the last checkpoint, `out/step-N`.

    `report` is called with the number of each step, from 1, and its loss in nats; `saved` is called
    with the folder of each written checkpoint. On the same CPU with the same number of threads, a
    killed and resumed run ends with bit-identical weights. Raises UnknownName for an unknown family
    or objective. Raises UserError for an invalid size, if `out` holds a run and `resume` is false,
    if there is no run to resume or its recipe differs, and if a file cannot be written.
    """
    from mmbench.reference.training.folder import open_run
    from mmbench.reference.training.loop import StageRun

    # First, so that an invalid recipe is refused before anything is written.
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
