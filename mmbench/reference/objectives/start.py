"""The checkpoints that a recipe starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mmbench.reference.checkpoints import packaged

if TYPE_CHECKING:
    from mmbench.reference.checkpoints.specimen import Specimen
    from mmbench.reference.training.recipe import Recipe

    S = TypeVar("S", bound=Specimen[Any])


def started_from(recipe: Recipe, part: str, kind: type[S]) -> S:
    """The specimen that `start` names for a part: a shipped one by its name, or a folder.

    Raises ValueError where it names none, ModelError for a folder that holds no such checkpoint.
    """
    from mmbench.reference.checkpoints.folder import read_checkpoint

    name = recipe.start.get(part)
    if name is None:
        raise ValueError(f"start names no {part}: give `start: {{{part}: {kind.name}}}`")
    shipped = Path(packaged(name))
    return read_checkpoint(shipped if shipped.is_dir() else Path(name), kind)
