"""Families of reference models: their initial models and training objectives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from mmbench.errors import UnknownName
from mmbench.reference.training.recipe import Recipe, Stage, StageOptions, parse_options

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.trained_model import TrainedModel


S = TypeVar("S", bound="TrainedModel[Any]")


class Objective(NamedTuple, Generic[S]):
    """The training objective of a stage.

    `batch(checkpoint, stage, seed, step)` returns the tensors of a step, counted from 1 in its
    stage. It must depend on its arguments only and not change weights, since it is called ahead of
    time in another thread. `loss(checkpoint, batch)` returns the scalar loss in nats; before each
    call, torch's generators are seeded with the step. `options` is the type of the stage's options.
    """

    batch: Callable[[S, Stage, int, int], tuple[Tensor, ...]]
    loss: Callable[[S, tuple[Tensor, ...]], Tensor]
    options: type[StageOptions] = StageOptions


class Family(NamedTuple, Generic[S]):
    """A family of models with its training objectives by name.

    `fresh` builds the initial model of a recipe, with weights drawn from torch's seeded generator.
    It raises ValueError for an invalid architecture.
    """

    fresh: Callable[[Recipe], S]
    objectives: Mapping[str, Objective[S]]


@runtime_checkable
class Constrained(Protocol):
    """A model with constraints on its weights; `constrain` is called after each step."""

    def constrain(self) -> None:
        """Change the weights in place so that they satisfy the constraints."""
        ...


# Name of a family → module of mmbench.reference.objectives, and name of the Family in it.
_FAMILIES = {
    "clip": ("clip", "FAMILY"),
    "llava": ("language", "LLAVA"),
    "prefix": ("language", "PREFIX"),
    "video": ("video", "FAMILY"),
    "audio": ("audio", "FAMILY"),
    "asr": ("asr", "FAMILY"),
    "fusion": ("fusion", "FAMILY"),
    "unified": ("unified", "FAMILY"),
}


def find_family(recipe: Recipe) -> Family[TrainedModel[Any]]:
    """Return the family of a recipe.

    Raises UnknownName for an unknown family or objective, and UserError for options that an
    objective does not take.
    """
    if recipe.family not in _FAMILIES:
        raise UnknownName("family of models", recipe.family, _FAMILIES)
    module, name = _FAMILIES[recipe.family]
    family: Family[TrainedModel[Any]] = getattr(
        import_module(f"mmbench.reference.objectives.{module}"), name
    )
    for stage in recipe.stages:
        if stage.objective not in family.objectives:
            what = f"objective of {recipe.family}"
            raise UnknownName(what, stage.objective, family.objectives)
        parse_options(stage, family.objectives[stage.objective].options)
    return family
