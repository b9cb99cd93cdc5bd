"""Families of reference models: the initial model and the objectives of each."""

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
    """The objective of a stage.

    `batch(checkpoint, stage, seed, step)` makes the tensors of a step, from 1 in its stage. It is a
    function of its arguments only, runs ahead in another thread, and does not change weights.
    `loss(checkpoint, batch)` is the scalar in nats to minimise; torch's generators are seeded by
    the step before it is called. `options` is the type of the stage's options.
    """

    batch: Callable[[S, Stage, int, int], tuple[Tensor, ...]]
    loss: Callable[[S, tuple[Tensor, ...]], Tensor]
    options: type[StageOptions] = StageOptions


class Family(NamedTuple, Generic[S]):
    """A family of models: `fresh` makes the initial model of a recipe.

    Its weights are drawn from torch's seeded generator. It raises ValueError for an invalid
    architecture.
    """

    fresh: Callable[[Recipe], S]
    objectives: Mapping[str, Objective[S]]


@runtime_checkable
class Constrained(Protocol):
    """A model with constraints on its weights, restored after each step of the optimiser."""

    def constrain(self) -> None:
        """Restore the constraints in place."""
        ...


# Name → module of mmbench.reference.objectives, and the Family in it.
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
    """Return the family that a recipe names.

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
