"""How the reference prefix model is trained: as LLaVA is, but for what becomes of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.train.family import Family
from mmbench.train.llava import OBJECTIVES, begun

if TYPE_CHECKING:
    from mmbench.nano.prefix_specimen import PrefixSpecimen
    from mmbench.train.recipe import Recipe


def _fresh(recipe: Recipe) -> PrefixSpecimen:
    """Tower and projection are those of the CLIP that `start` names under `vision`."""
    from mmbench.nano.prefix import Config, Prefix
    from mmbench.nano.prefix_specimen import PrefixSpecimen

    eyes, words, sizes = begun(recipe)
    sizes["embedding"] = eyes.model.config.embedding
    model = Prefix(Config(**sizes, **recipe.architecture))
    model.vision.load_state_dict(eyes.model.image.state_dict())
    model.image_projection.load_state_dict(eyes.model.image_projection.state_dict())
    return PrefixSpecimen(model, words, eyes.mean, eyes.std)


FAMILY = Family(_fresh, OBJECTIVES)
