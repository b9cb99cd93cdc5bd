"""Diagrams of the audio models: AudioCLIP and the speech recogniser."""

from __future__ import annotations

from mmbench.reference.architectures import audio as audio_
from mmbench.reference.architectures import speech as speech_
from mmbench.reference.architectures.mel import Mel
from tools.pictures.diagram import Box, Diagram
from tools.pictures.towers import contrastive, projection, similarity, text_tower


def audio(c: audio_.Config) -> Diagram:
    """Return a diagram of AudioCLIP: a spectrogram is encoded for tags and captions."""
    convolutions = (
        f"{len(c.widths)} blocks of two, 3 × 3;", f"{', '.join(map(str, c.widths))} wide,",
        f"{len(c.widths) - 1} times halved",
    )  # fmt: skip
    order = (
        "on the mean of bands:",
        f"{c.layers} blocks, {c.heads} heads;",
        "maximum + mean in time",
    )
    boxes = {
        **_sound_boxes(c.mel, 1),
        "cnn": Box(
            (2, 1), "learnt", "convolutions", convolutions,
            f"n × {c.widths[-1]} × t/{c.stride} × {c.mel.bands // c.stride}",
        ),
        "order": Box((3, 1), "learnt", "transformer", order, f"n × {c.widths[-1]}"),
        "tags": Box((4, 0), "answer", "tags", ("linear",), f"n × {c.tags}"),
        "named": Box((5, 0), "loss", "cross-entropy", ("yes or no, of each tag",)),
        "heard": projection(c, 4, 1),
        **text_tower(c, 1, 2),
        "like": similarity(5, 1),
        "loss": contrastive(5, 2),
    }  # fmt: skip
    arrows = ["sound > mel > cnn > order > tags > named", "order > heard > like"]
    return Diagram(boxes, [*arrows, "text > tokens > reads > told > like > loss"])


def speech(c: speech_.Config) -> Diagram:
    """Return a diagram of the speech recogniser, which predicts a letter or blank per frame."""
    frames = f"n × t/2 × {c.width}"
    boxes = {
        **_sound_boxes(c.mel, 0),
        "conv": Box(
            (2, 0), "learnt", "two convolutions",
            ("3 wide; the second", f"halves: every {2 * _step(c.mel):g} ms"), frames,
        ),
        "encoder": Box(
            (3, 0), "learnt", "transformer",
            (f"{c.layers} blocks, {c.heads} heads,", "padding is masked"), frames,
        ),
        "head": Box(
            (4, 0), "learnt", "labels", (f"{c.labels - 1} letters (one a space)", "and the blank"),
            f"n × t/2 × {c.labels}",
        ),
        "text": Box((5, 0), "answer", "text", ("the likeliest labels,", "t t _ w _ o o → two")),
        "loss": Box(
            (4, 1), "loss", "CTC loss", ("over all ways to spread", "the letters over time")
        ),
    }  # fmt: skip
    return Diagram(boxes, ["sound > mel > conv > encoder > head > text", "head > loss"])


def _sound_boxes(mel: Mel, row: float) -> dict[str, Box]:
    lines = (f"{mel.bands} bands,", f"every {_step(mel):g} ms")
    return {
        "sound": Box((0, row), "data", "sound", (f"{mel.rate // 1000} kHz",), "n × samples"),
        "mel": Box((1, row), "data", "log-mel", lines, f"n × t × {mel.bands}"),
    }


def _step(mel: Mel) -> float:
    """Return the milliseconds from one frame to the next."""
    return mel.hop * 1000 / mel.rate
