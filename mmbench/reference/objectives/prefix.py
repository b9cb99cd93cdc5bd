"""How the reference prefix model is trained: as LLaVA is, but for what becomes of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.reference.objectives.llava import OBJECTIVES, begun
from mmbench.reference.training.family import Family

if TYPE_CHECKING:
    from mmbench.reference.checkpoints.families import PrefixSpecimen
    from mmbench.reference.training.recipe import Recipe


def _fresh(recipe: Recipe) -> PrefixSpecimen:
    """Tower and projection are those of the CLIP that `start` names under `vision`."""
    from mmbench.reference.architectures.prefix import Config, Prefix
    from mmbench.reference.checkpoints.families import PrefixSpecimen

    eyes, words, sizes = begun(recipe)
    sizes["embedding"] = eyes.model.config.embedding
    model = Prefix(Config(**sizes, **recipe.architecture))
    model.vision.load_state_dict(eyes.model.image.state_dict())
    model.image_projection.load_state_dict(eyes.model.image_projection.state_dict())
    return PrefixSpecimen(model, words, mean=eyes.mean, std=eyes.std)


FAMILY = Family(_fresh, OBJECTIVES)
