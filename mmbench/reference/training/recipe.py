"""Training recipes in YAML: the model, its size and the stages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.spec import read_yaml
from mmbench.validation import as_struct

_RECIPES = files("mmbench.reference") / "recipes"
_SEEDS = 2**63  # upper limit of seeds (exclusive), as in torch


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """A stage of training with its objective, data and learning rates.

    `objective` is the name of an objective of the family. `rates` maps prefixes of parameter names
    to peak learning rates; the longest matching prefix applies, "" matches all names, and other
    parameters are frozen. `muon` also maps prefixes to peak learning rates; the matrices that match
    one are optimised by Muon, all other parameters by AdamW. Rates rise for `warm_up` steps and
    fall along half a cosine to zero at the end of the stage. `options` are options of the objective
    (`parse_options`).
    """

    name: str
    objective: str
    steps: int
    batch: int
    rates: dict[str, float] = field(default_factory=lambda: {"": 1e-3})
    muon: dict[str, float] = field(default_factory=dict)
    warm_up: int = 100
    weight_decay: float = 0.1
    options: dict[str, Any] = field(default_factory=dict)


class StageOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """Base class of an objective's options; it has no options itself."""


StageOptionsT = TypeVar("StageOptionsT", bound=StageOptions)


def parse_options(stage: Stage, kind: type[StageOptionsT]) -> StageOptionsT:
    """Convert the options of a stage to `kind`, the options type of its objective.

    Raises UserError for an unknown option, and for an invalid value.
    """
    try:
        return msgspec.convert(stage.options, kind)
    except msgspec.ValidationError as error:
        takes = ", ".join(kind.__struct_fields__) or "none"
        raise UserError(
            f"options of stage {stage.name}: {error}; {stage.objective} takes {takes}"
        ) from error


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """A training recipe, which determines the weights of a run.

    `model` is the adapter that runs the checkpoints, `family` the family that builds and trains the
    model, and `architecture` holds fields of the family's Config. `start` maps parts of the model
    to checkpoints (folders, or names of packaged checkpoints). A checkpoint is written every
    `every` steps and at the end of each stage. With `bfloat16`, matrix products use bfloat16.
    """

    model: str
    family: str
    stages: list[Stage]
    summary: str = ""
    seed: int = 0
    every: int = 400
    architecture: dict[str, Any] = field(default_factory=dict)
    start: dict[str, str] = field(default_factory=dict)
    bfloat16: bool = False

    @property
    def steps(self) -> int:
        """The total number of steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def at(self, step: int) -> tuple[Stage, int]:
        """Return the stage that contains a step, and the step's number within the stage.

        Both numbers count from 1.
        """
        for stage in self.stages:
            if step <= stage.steps:
                return stage, step
            step -= stage.steps
        raise AssertionError("a step beyond the last stage")

    def saves_at(self, step: int) -> bool:
        """Return whether a checkpoint is written after this step."""
        stage, within = self.at(step)
        return step % self.every == 0 or within == stage.steps


def recipe_names() -> list[str]:
    """Return the names of the packaged recipes: MODEL or MODEL-VARIANT."""
    return sorted(item.name[:-5] for item in _RECIPES.iterdir() if item.name.endswith(".yaml"))


def read_recipe(name: str) -> Recipe:
    """Read the packaged recipe called `name`, or the YAML file at this path.

    Raises UnknownName for an unknown name, SpecError for an invalid file, UserError for an invalid
    value.
    """
    if name.endswith((".yaml", ".yml")):
        return parse_recipe(read_yaml(Path(name)), name)
    if name not in recipe_names():
        hint = f"give one of {', '.join(recipe_names())}, or a YAML file"
        raise UnknownName("recipe", name, recipe_names(), hint)
    with as_file(_RECIPES / f"{name}.yaml") as file:
        return parse_recipe(read_yaml(file), file.name)


def parse_recipe(raw: Mapping[str, object], where: str) -> Recipe:
    """Build a Recipe from plain values. Messages of SpecError and UserError begin with `where`."""
    recipe = as_struct(raw, Recipe, where)
    if not recipe.stages:
        raise SpecError(f"{where}: stages is empty; give one stage or more")
    counts = {"every": recipe.every} | {
        f"{name} of stage {stage.name}": value
        for stage in recipe.stages
        for name, value in (("steps", stage.steps), ("batch", stage.batch))
    }
    for name, value in counts.items():
        if value < 1:
            raise UserError(f"{where}: {name} is {value}; give a number from 1")
    if not 0 <= recipe.seed < _SEEDS:
        raise UserError(f"{where}: seed is {recipe.seed}; give a number from 0 to {_SEEDS - 1}")
    return recipe


def change_recipe(
    recipe: Recipe, *, steps: int | None = None, seed: int | None = None, every: int | None = None
) -> Recipe:
    """Return the recipe with another seed, checkpoint interval or total number of steps.

    The steps of stages change in proportion, to at least one step each. Raises UserError for a
    number below 1, and for fewer steps than stages.
    """
    if steps not in (None, recipe.steps):
        recipe = msgspec.structs.replace(recipe, stages=_scaled(recipe.stages, steps))
    changes = {
        name: value for name, value in (("seed", seed), ("every", every)) if value is not None
    }
    recipe = msgspec.structs.replace(recipe, **changes)
    return parse_recipe(msgspec.to_builtins(recipe), recipe.model)


def _scaled(stages: list[Stage], steps: int) -> list[Stage]:
    if steps < len(stages):
        raise UserError(f"train: steps is {steps}; give a number from {len(stages)}")
    total, before, scaled = sum(stage.steps for stage in stages), 0, []
    spare = steps - len(stages)  # each stage gets one step and its share of the rest
    for stage in stages:
        ends = [at * spare // total for at in (before, before + stage.steps)]
        before += stage.steps
        scaled.append(msgspec.structs.replace(stage, steps=1 + ends[1] - ends[0]))
    return scaled
