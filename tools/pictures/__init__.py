"""Pictures for docs/models.md: `python -m tools.pictures docs/pictures` draws them all.

SVG as plain text: the same on every machine, with no library that draws. Sizes come from the
packaged checkpoints, so that a picture never says what is not so; a test compares the files.
"""

from __future__ import annotations

from tools.pictures.models import PICTURES, draw_model
from tools.pictures.worlds import worlds


def pictures() -> dict[str, str]:
    """The SVG of each picture by its name: one for each model, and the worlds."""
    return {"worlds": worlds(), **{name: draw_model(name) for name in PICTURES}}
