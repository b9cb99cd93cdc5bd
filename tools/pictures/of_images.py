"""Diagrams of the image models: CLIP, LLaVA and the prefix model."""

from __future__ import annotations

from mmbench.reference.architectures import clip as clip_
from mmbench.reference.architectures import llava as llava_
from mmbench.reference.architectures import prefix as prefix_
from mmbench.reference.architectures.language import Sizes
from tools.pictures.diagram import Box, Diagram
from tools.pictures.towers import contrastive, projection, similarity, text_tower


def clip(c: clip_.Config) -> Diagram:
    """Return a diagram of CLIP: two towers and a similarity matrix."""
    patches, size = (c.image_size // c.patch) ** 2, c.image_size
    boxes = {
        "image": Box((0, 0), "data", "image", ("RGB",), f"n × 3 × {size} × {size}"),
        "patches": Box(
            (1, 0), "learnt", "patches", (f"{c.patch} × {c.patch} px each,", "class token, places"),
            f"n × {1 + patches} × {c.image_width}",
        ),
        "vit": Box(
            (2, 0), "learnt", "ViT",
            (f"{c.image_layers} blocks, {c.image_heads} heads",), f"n × {c.image_width}",
        ),
        "seen": projection(c, 3, 0, "class"),
        **text_tower(c, 0, 1),
        "like": similarity(4, 0),
        "loss": contrastive(4, 1),
    }  # fmt: skip
    arrows = ["image > patches > vit > seen > like", "text > tokens > reads > told > like > loss"]
    return Diagram(boxes, arrows)


def llava(c: llava_.Config) -> Diagram:
    """Return a diagram of LLaVA: the patches of an image become tokens in a text."""
    tower = Box(
        (1, 0), "frozen", "tower of clip-nano",
        (f"{c.image_layers - 1} of its {c.image_layers} blocks;", "patches, no class token"),
        f"m × {c.places} × {c.image_width}",
    )  # fmt: skip
    return _reader(c, tower, ("linear, GELU, linear",))


def prefix(c: prefix_.Config) -> Diagram:
    """Return a diagram of the prefix model: an image embedding becomes a few tokens in a text."""
    tower = Box(
        (1, 0), "frozen", "clip-nano", (f"{c.image_layers} blocks", "and the projection"),
        f"m × {c.embedding}",
    )  # fmt: skip
    return _reader(c, tower, ("linear, tanh, linear",))


def _reader(c: Sizes, tower: Box, projector: tuple[str, ...]) -> Diagram:
    """Return a diagram of a language model with image features among its words."""
    size, wide = c.image_size, c.width
    boxes = {
        "image": Box((0, 0), "data", "image", ("RGB",), f"m × 3 × {size} × {size}"),
        "tower": tower,
        "projector": Box(
            (2, 0), "learnt", "projector", projector, f"m × {c.places} × {wide}"
        ),
        "talk": Box(
            (0, 1), "data", "conversation", ("<user> <image> what is", "it? <assistant> …"), "n × t"
        ),
        "tokens": Box((1, 1), "learnt", "embedding", (f"{c.vocabulary} words",), f"n × t × {wide}"),
        "mixed": Box(
            (2, 1), "data", "one sequence",
            (f"{c.places} features in place of", f"<image>; at most {c.context}"),
            f"n × t × {wide}",
        ),
        "gpt": Box(
            (3, 1), "learnt", "GPT",
            (f"{c.layers} causal blocks, {c.heads} heads", "keys, values cached"),
            f"n × t × {wide}",
        ),
        "head": Box(
            (4, 1), "answer", "next word", ("by the embedding, again",), f"n × t × {c.vocabulary}"
        ),
        "loss": Box((4, 0), "loss", "cross-entropy", ("of the assistant's", "words and ends")),
    }  # fmt: skip
    arrows = ["image > tower > projector > mixed", "talk > tokens > mixed > gpt > head > loss"]
    return Diagram(boxes, arrows)
