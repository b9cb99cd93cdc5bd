"""A picture of the training data of the reference models: scenes, a film, sounds, spoken numbers.

Pixels, sounds and texts are those of the first test samples, as the models receive them.
"""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

from mmbench.media import decode_image, decode_sound, decode_video, read_bytes
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.worlds.motion.sources import shapes_motion, shapes_video
from mmbench.reference.worlds.numbers.sources import spoken_numbers
from mmbench.reference.worlds.shapes.sources import shapes_captions, shapes_questions
from mmbench.reference.worlds.sounds.sources import sound_tags, sounds
from mmbench.types import Frames, Media
from tools.pictures.svg import GREY, page, text_line

Pixels = NDArray[np.uint8]

_LEFT, _WIDTH, _LINE, _SIZE = 8, 872, 16, 12.0
_CELL = 218
# The colours of a spectrogram from silence to the loudest: blue, teal, yellow.
_COLOURS = np.array([(16, 24, 64), (30, 140, 140), (250, 225, 90)], np.float64)


def worlds() -> str:
    """Return the picture as SVG."""
    parts = [_heading(24, "Shapes: what is there, in words; and what is asked")]
    parts += _scenes(36)
    parts += [_heading(330, "Moving shapes: every second of 16 frames")]
    parts += _film(342)
    parts += [_heading(510, "Sounds, and spoken numbers: log-mel spectrograms")]
    parts += _sounds(522)
    return page(_LEFT + _WIDTH, 694, "The worlds of the reference models", parts)


def _scenes(top: float) -> list[str]:
    captions, questions = shapes_captions(None, images=4), shapes_questions(None, images=4)
    parts = []
    for at, (captioned, question) in enumerate(
        zip(captions.samples, questions.samples, strict=True)
    ):
        x = _LEFT + at * _CELL
        parts.append(_picture(x, top, 128, 128, _image(captioned.inputs["image"])))
        lines = [*wrap(captioned.target[at], 33), "", *wrap(str(question.inputs["question"]), 33)]
        parts += _lines(x, top + 144, [*lines, f"→ {question.target}"])
    return parts


def _film(top: float) -> list[str]:
    films = shapes_motion(None, videos=20)
    film = next(film for film in films.samples if film.tags["pace"] == "quickly")
    video = film.inputs["video"]
    assert isinstance(video, Media)
    assert films.labels is not None
    clip = decode_video(read_bytes(video), video.name, Frames(8))
    step = _WIDTH / 8
    parts = [
        _picture(_LEFT + at * step, top, 100, 100, frame) for at, frame in enumerate(clip.frames)
    ]
    captions = [q for q in shapes_video(None, videos=20).queries if q.group == film.id]
    lines = [str(captions[0].inputs["text"]), f"→ {films.labels[film.target]}"]
    return [*parts, *_lines(_LEFT, top + 118, lines)]


def _sounds(top: float) -> list[str]:
    parts = []
    tagged = sound_tags(None, sounds=2)
    queries = sounds(None, sounds=2).queries
    assert tagged.labels is not None
    for at, sample in enumerate(tagged.samples):
        text = next(str(q.inputs["text"]) for q in queries if q.group == sample.id)
        tags = ", ".join(tagged.labels[tag] for tag in sample.target)
        lines = [*wrap(text, 42), f"→ {tags}"]
        parts += _sound(at, top, sample.inputs["audio"], Mel(8000, 256, 192, 40), lines)
    number = spoken_numbers(None).samples[1]
    spoken = f"→ {number.target}"
    return parts + _sound(2, top, number.inputs["audio"], Mel(8000, 200, 80, 40), ["", spoken])


def _sound(at: int, top: float, audio: object, mel: Mel, lines: list[str]) -> list[str]:
    x = _LEFT + at * (_WIDTH / 3)
    return [_picture(x, top, 276, 110, _spectrogram(audio, mel)), *_lines(x, top + 126, lines)]


def _heading(y: float, text: str) -> str:
    return text_line(_LEFT, y, text, 14, "bold", fill=GREY, anchor="start")


def _lines(x: float, y: float, lines: list[str]) -> list[str]:
    return [
        text_line(x, y + number * _LINE, line, _SIZE, fill=GREY, anchor="start")
        for number, line in enumerate(lines)
        if line
    ]


def _image(image: object) -> Pixels:
    assert isinstance(image, Media)
    return np.asarray(decode_image(read_bytes(image), image.name))


def _spectrogram(audio: object, mel: Mel) -> Pixels:
    """Return a log-mel spectrogram as an image, uint8 [bands, t, 3], low frequencies below."""
    import torch

    from mmbench.reference.architectures.mel import log_mel

    assert isinstance(audio, Media)
    sound = decode_sound(read_bytes(audio), audio.name, mel.rate)
    loud = log_mel(torch.from_numpy(sound.samples), mel).numpy().T[::-1]
    share = (loud - loud.min()) / (loud.max() - loud.min())
    stops = np.linspace(0, 1, len(_COLOURS))
    colours = [np.interp(share, stops, channel) for channel in _COLOURS.T]
    return np.stack(colours, axis=-1).round().astype(np.uint8)


def _picture(x: float, y: float, width: float, height: float, pixels: Pixels) -> str:
    """Return pixels, uint8 [h, w, 3], as a PNG inside the SVG, enlarged without smoothing."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    data = b64encode(stream.getvalue()).decode("ascii")
    return (
        f'<image x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
        ' preserveAspectRatio="none" style="image-rendering: pixelated"'
        f' href="data:image/png;base64,{data}"/>'
    )
