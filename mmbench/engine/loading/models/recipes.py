"""Published scores of a recipe, added to a task."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from mmbench.engine.loading.models.model_ref import ModelRef
from mmbench.errors import UnknownName
from mmbench.types import Published, TaskSpec


def with_recipe_scores(
    spec: TaskSpec,
    recipe: ModelRef,
    model: str,
    score_names: Collection[str],
    changed: Mapping[str, object],
) -> TaskSpec:
    """Return a task with the scores that a recipe lists for it as published scores of `model`.

    They replace the scores that the task lists for this model. `changed` are options of the command
    that are part of the identity of the model; if they differ from the options of the recipe, its
    scores are not compared.
    Raises UnknownName for a score that the task does not have.
    """
    entry = next((one for one in recipe.published if one.task == spec.name), None)
    if entry is None:
        return spec
    for name in entry.scores:
        if name not in score_names:
            raise UnknownName(f"score of task {spec.name} in a recipe", name, score_names)
    differs = entry.differs or _other_options(recipe, changed)
    own = Published(model, entry.scores, entry.source, entry.tolerance, differs)
    others = [one for one in spec.published if one.model != model]
    return replace(spec, published=[own, *others])


def _other_options(recipe: ModelRef, changed: Mapping[str, object]) -> str:
    """Return a description of the options that differ from the recipe, "" if none does."""
    names = [name for name, value in changed.items() if recipe.options.get(name) != value]
    return f"options other than those of the recipe: {', '.join(names)}" if names else ""
