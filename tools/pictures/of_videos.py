"""The diagram of the video transformer."""

from __future__ import annotations

from mmbench.reference.architectures.video.transformer import Config
from tools.pictures.diagram import Box, Diagram
from tools.pictures.towers import contrastive, projection, similarity, text_tower


def video(c: Config) -> Diagram:
    """Return a diagram of the video transformer: video patches, one tower, three heads."""
    times, places = c.grid
    tokens = f"n × {1 + times * places} × {c.width}"
    looking = "all see all" if c.attention == "joint" else "time, then space"
    cube = f"{c.tubelet} frames × {c.patch} × {c.patch} px;"
    boxes = {
        "film": Box(
            (0, 1), "data", "film", (f"{c.frames} frames, RGB",),
            f"n × 3 × {c.frames} × {c.size} × {c.size}",
        ),
        "cubes": Box(
            (1, 1), "learnt", "cubes", (cube, "class token, places", "in space and in time"), tokens
        ),
        "tower": Box(
            (2, 1), "learnt", "transformer", (f"{c.layers} blocks, {c.heads} heads,", looking),
            tokens,
        ),
        "hidden": Box(
            (3, 0), "loss", "decoder",
            ("first stage: guesses 3 of 4", "places, hidden in all frames"),
            f"n × {times * places} × {c.tubelet * c.patch * c.patch * 3}",
        ),
        "motion": Box((3, 1), "answer", "motion", ("of the class token",), f"n × {c.classes}"),
        "named": Box((4, 1), "loss", "cross-entropy", ("of the motion",)),
        "seen": projection(c, 3, 2, "class"),
        **text_tower(c, 0, 3),
        "like": similarity(4, 2),
        "loss": contrastive(4, 3),
    }  # fmt: skip
    arrows = ["film > cubes > tower > motion > named", "tower > hidden", "tower > seen > like"]
    return Diagram(boxes, [*arrows, "text > tokens > reads > told > like > loss"])
