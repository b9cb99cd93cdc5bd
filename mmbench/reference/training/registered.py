"""The trainer of the reference models, registered under the name of each packaged recipe."""

from __future__ import annotations

from collections.abc import Callable

from mmbench.reference import training
from mmbench.reference.training import Recipe, change_recipe, read_recipe
from mmbench.types import TrainingRun, TrainingStep


def train(
    run: TrainingRun,
    /,
    *,
    report: Callable[[TrainingStep], None],
    saved: Callable[[str], None],
) -> str:
    """Train a reference model by a recipe; see `training.train`.

    The recipe is the file `run.recipe` if it is given, otherwise the packaged recipe with the
    trainer's name. If `run.resume` is true, it is the recipe of the run in `run.out`.
    """
    recipe = _recipe(run)

    def stepped(step: int, loss: float) -> None:
        stage, within = recipe.at(step)
        report(TrainingStep(step, stage.steps, loss, stage.name, step - within, stage.batch))

    last = training.train(
        recipe,
        run.out,
        resume=run.resume,
        device=run.device,
        report=stepped,
        saved=lambda folder: saved(f"{recipe.model}@{folder}"),
    )
    return f"{recipe.model}@{last}"


def _recipe(run: TrainingRun) -> Recipe:
    from mmbench.reference.training.folder import read_started_recipe
    from mmbench.reference.training.recipe import parse_recipe

    if run.resume:
        recipe = parse_recipe(read_started_recipe(run.out), str(run.out))
    else:
        recipe = read_recipe(str(run.recipe or run.trainer))
    return change_recipe(recipe, steps=run.steps, seed=run.seed, every=run.every)
