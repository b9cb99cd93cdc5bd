"""A recipe: which model is trained, of what size, and by which stages; YAML, data only."""

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
_SEEDS = 2**63  # seeds are below it: torch takes no larger ones


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of training with an objective, data and learning rates of its own.

    `objective` is one of the family's. `rates` are the highest learning rates, by the beginning of
    a parameter's name; the longest that fits counts, "" fits all, and what none fits is frozen.
    Matrices that `muon` fits are stepped by it, at its rates, and all else by AdamW. Rates climb
    for `warm_up` steps and fall along half a cosine to zero at the stage's end.
    `options` are what its objective takes (`parse_options`).
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
    """What a stage may ask of its objective beside steps and rates: nothing, unless it says so."""


StageOptionsT = TypeVar("StageOptionsT", bound=StageOptions)


def parse_options(stage: Stage, kind: type[StageOptionsT]) -> StageOptionsT:
    """The options of a stage as those of its objective.

    Raises UserError for one that the objective does not take, and for a value that it cannot.
    """
    try:
        return msgspec.convert(stage.options, kind)
    except msgspec.ValidationError as error:
        takes = ", ".join(kind.__struct_fields__) or "none"
        raise UserError(
            f"options of stage {stage.name}: {error}; {stage.objective} takes {takes}"
        ) from error


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """What decides the weights of a run.

    `model` is the adapter that runs its checkpoints, `family` names what builds and trains it,
    `architecture` holds fields of the family's Config. `start` names checkpoints (folders, or names
    of shipped ones) that parts are taken from. A checkpoint is written `every` so many steps, and
    where a stage ends. `bfloat16` multiplies matrices in it.
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
        """Steps of all stages together."""
        return sum(stage.steps for stage in self.stages)

    def at(self, step: int) -> tuple[Stage, int]:
        """The stage of a step from 1 to `steps`, and the step's number in it, from 1."""
        for stage in self.stages:
            if step <= stage.steps:
                return stage, step
            step -= stage.steps
        raise AssertionError("a step beyond the last stage")

    def saves_at(self, step: int) -> bool:
        """Whether a checkpoint is written after this step."""
        stage, within = self.at(step)
        return step % self.every == 0 or within == stage.steps


def recipe_names() -> list[str]:
    """The recipes that come with the package: one for each shipped model, and MODEL-VARIANT."""
    return sorted(item.name[:-5] for item in _RECIPES.iterdir() if item.name.endswith(".yaml"))


def read_recipe(name: str) -> Recipe:
    """The packaged recipe of this name, or the one in a YAML file.

    Raises UnknownName for a name that is not there, SpecError for a file that says something it
    may not, UserError for a value that makes no sense.
    """
    if name.endswith((".yaml", ".yml")):
        return parse_recipe(read_yaml(Path(name)), name)
    if name not in recipe_names():
        hint = f"give one of {', '.join(recipe_names())}, or a YAML file"
        raise UnknownName("recipe", name, recipe_names(), hint)
    with as_file(_RECIPES / f"{name}.yaml") as file:
        return parse_recipe(read_yaml(file), file.name)


def parse_recipe(raw: Mapping[str, object], where: str) -> Recipe:
    """A Recipe of plain values. Raises SpecError and UserError, which name `where` they stand."""
    recipe = as_struct(raw, Recipe, where)
    if not recipe.stages:
        raise SpecError(f"{where}: stages is empty; a training has one stage or more")
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
    """The recipe with another seed, another pace of checkpoints, or fewer or more steps in all.

    Stages keep their shares of the steps, at least one step each. Raises UserError for a number
    below 1, and for fewer steps than stages.
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
    spare = steps - len(stages)  # each stage has one step, and its share of these
    for stage in stages:
        ends = [at * spare // total for at in (before, before + stage.steps)]
        before += stage.steps
        scaled.append(msgspec.structs.replace(stage, steps=1 + ends[1] - ends[0]))
    return scaled
