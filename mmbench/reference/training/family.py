"""What a family of reference models brings to the trainer: a fresh model, and its objectives."""

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
    """What one stage trains for.

    `batch(checkpoint, stage, seed, step)` makes the tensors of a step, from 1 in its stage: a
    function of its arguments alone, called ahead in another thread, which touches no weight.
    `loss(checkpoint, batch)` is the scalar in nats that is stepped down; torch's generators are
    seeded by the step when it is called. `options` are those that a stage may ask for.
    """

    batch: Callable[[S, Stage, int, int], tuple[Tensor, ...]]
    loss: Callable[[S, tuple[Tensor, ...]], Tensor]
    options: type[StageOptions] = StageOptions


class Family(NamedTuple, Generic[S]):
    """`fresh` makes the model of a recipe, its weights drawn from torch's seeded generator.

    It raises ValueError for an architecture that makes no sense.
    """

    fresh: Callable[[Recipe], S]
    objectives: Mapping[str, Objective[S]]


@runtime_checkable
class Constrained(Protocol):
    """A model whose weights are put right after each step of the optimiser."""

    def constrain(self) -> None:
        """Put them right, in place."""
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
    """The family that a recipe names.

    Raises UnknownName for one, or an objective, nobody has, and UserError for options that an
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
