"""Pictures for docs/models.md: `python -m tools.pictures docs/pictures` draws them all.

The SVG is plain text, the same on every machine and without a drawing library. Sizes come from the
packaged checkpoints, so that the pictures stay correct; a test compares the files.
"""

from __future__ import annotations

from tools.pictures.models import PICTURES, draw_model
from tools.pictures.worlds import worlds


def pictures() -> dict[str, str]:
    """Return the SVG of each picture by its name: one for each model, and the worlds."""
    return {"worlds": worlds(), **{name: draw_model(name) for name in PICTURES}}
