"""Diagrams of the models of several modalities: the multimodal GPT and the fusion classifier."""

from __future__ import annotations

from mmbench.reference.architectures import fusion as fusion_
from mmbench.reference.architectures import gpt as gpt_
from tools.pictures.diagram import Box, Diagram


def unified(c: gpt_.Config) -> Diagram:
    """Return a diagram of the multimodal GPT: a token sequence and one head per modality."""
    rate, hop = c.mel.rate, c.mel.hop * c.sound.stride
    size, wide = c.image_size, c.width
    boxes = {
        "image": Box((0, 0), "data", "image", ("RGB",), f"m × 3 × {size} × {size}"),
        "sound": Box(
            (0, 1), "data", "log-mel", (f"{rate // 1000} kHz, {c.mel.bands} bands",),
            f"k × t × {c.mel.bands}",
        ),
        "text": Box((0, 2), "data", "text", ("any bytes",)),
        "eye": Box(
            (1, 0), "frozen", "image VQ-VAE",
            (f"one of {c.image.number} codes", f"for {c.image.stride} × {c.image.stride} px"),
            f"m × {c.patches}",
        ),
        "ear": Box(
            (1, 1), "frozen", "sound VQ-VAE",
            (f"one of {c.sound.number} codes", f"every {1000 * hop / rate:g} ms"),
            f"k × t/{c.sound.stride}",
        ),
        "bpe": Box((1, 2), "data", "byte-level BPE", (f"{c.text} tokens",)),
        "mixed": Box(
            (2, 1), "data", "one sequence",
            ("<user> <image> …", "<text> … <assistant>", f"<text> …; at most {c.context}"), "n × t",
        ),
        "look": Box(
            (3, 0), "learnt", "look",
            ("two convolutions", "over the vectors", "of codes it reads"),
            f"m × {c.patches} × {wide}",
        ),
        "gpt": Box(
            (3, 1), "learnt", "GPT",
            (f"{c.layers} causal blocks,", f"{c.heads} heads; embeds", "token, kind, place"),
            f"n × t × {wide}",
        ),
        "heads": Box(
            (4, 1), "learnt", "four heads",
            ("marks, text, image,", "sound: the last token", "says which speaks"),
            f"n × t × {c.layout.size}",
        ),
        "next": Box((5, 1), "answer", "next token", ("a word, or a", "code to draw")),
        "drawn": Box((5, 0), "frozen", "decoder", ("of the VQ-VAE",), f"3 × {size} × {size}"),
        "loss": Box((5, 2), "loss", "cross-entropy", ("of what the", "assistant says")),
    }  # fmt: skip
    arrows = [
        "image > eye > mixed",
        "eye > look > gpt",
        "sound > ear > mixed",
        "text > bpe > mixed",
    ]
    return Diagram(boxes, [*arrows, "mixed > gpt > heads > next > drawn", "next > loss"])


def fusion(c: fusion_.Config) -> Diagram:
    """Return a diagram of early fusion: the tokens of three modalities in one transformer."""
    size, wide = c.image_size, c.width
    boxes = {
        "image": Box((0, 0), "data", "image", ("RGB",), f"n × 3 × {size} × {size}"),
        "sound": Box(
            (0, 1), "data", "log-mel", (f"{c.mel.bands} bands",), f"n × t × {c.mel.bands}"
        ),
        "text": Box((0, 2), "data", "sentence", (f"at most {c.context} words",), "n × t"),
        "patches": Box(
            (1, 0), "learnt", "patches", (f"{c.patch} × {c.patch} px each", "and places"),
            f"n × {1 + (size // c.patch) ** 2} × {wide}",
        ),
        "cnn": Box(
            (1, 1), "learnt", "convolutions", (f"{len(c.sounds.widths)} blocks", "and places"),
            f"n × t/{c.sounds.stride} × {wide}",
        ),
        "words": Box(
            (1, 2), "learnt", "embedding", (f"{c.vocabulary} words", "and places"),
            f"n × t × {wide}",
        ),
        "joint": Box(
            (2, 1), "learnt", "one transformer",
            ("over a class token and all:", f"{c.layers} blocks, {c.heads} heads"), f"n × {wide}",
        ),
        "head": Box(
            (3, 1), "answer", "which differs", ("none, image,", "sound or text"),
            f"n × {c.classes}",
        ),
        "tells": Box(
            (3, 2), "loss", "numbers", ("what each input tells:", "the first stage"),
            f"n × 3 × {c.values}",
        ),
        "loss": Box((3, 0), "loss", "cross-entropy", ("of what differs",)),
    }  # fmt: skip
    arrows = ["image > patches > joint", "sound > cnn > joint", "text > words > joint"]
    return Diagram(boxes, [*arrows, "joint > head > loss", "joint > tells"])
