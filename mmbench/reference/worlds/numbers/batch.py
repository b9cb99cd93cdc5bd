"""Training utterances: concatenated and augmented clips of the same voice."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mmbench.reference.worlds.numbers.sources import clips, folder
from mmbench.reference.worlds.numbers.words import split_of
from mmbench.types import Array

_MOST = 6  # maximum number of words in an utterance


class Utterance(NamedTuple):
    """An utterance: samples, float32 [n] at the requested rate, and their text."""

    samples: Array
    text: str


@lru_cache(maxsize=2)
def training_clips(rate: int) -> dict[str, list[Utterance]]:
    """Return the training clips by voice, resampled to `rate` Hz."""
    from mmbench.media import decode_sound

    by_voice: dict[str, list[Utterance]] = {}
    whole: dict[str, Array] = {}
    for clip in clips("train"):
        if clip.file not in whole:
            data = (folder() / clip.file).read_bytes()
            whole[clip.file] = decode_sound(data, clip.file, rate).samples
        samples = whole[clip.file][clip.start * rate // 16000 : clip.end * rate // 16000]
        by_voice.setdefault(clip.voice, []).append(Utterance(samples, clip.text))
    return by_voice


def spoken_batch(seed: int, step: int, number: int, rate: int) -> list[Utterance]:
    """Return the `number` utterances of a step, counted from 1; they depend on the arguments only.

    All utterances of a step consist of the same number of clips, one to three, and have similar
    durations.
    """
    rng = np.random.default_rng([seed, step])
    joined = int(rng.integers(1, 4))
    return [_varied(_utterance(rng, rate, joined), rng, rate) for _ in range(number)]


def _utterance(rng: np.random.Generator, rate: int, joined: int) -> Utterance:
    """Concatenate `joined` clips of one voice, up to 100 ms apart.

    The joined text belongs to the training split.
    """
    voices = list(training_clips(rate).values())
    while True:
        voice = voices[rng.integers(len(voices))]
        chosen = [voice[i] for i in rng.integers(0, len(voice), joined)]
        text = " ".join(piece.text for piece in chosen)
        if split_of(text) == "train" and len(text.split()) <= _MOST:
            gaps = rng.integers(0, rate // 10, len(chosen))
            parts = [np.pad(p.samples, (gap, 0)) for p, gap in zip(chosen, gaps, strict=True)]
            return Utterance(np.concatenate(parts), text)


def _varied(piece: Utterance, rng: np.random.Generator, rate: int) -> Utterance:
    """Change the speed by 0.8 to 1.25 and the level by up to 6 dB; add silence and noise.

    The pitch changes with the speed: speed perturbation (Ko et al. 2015, "Audio Augmentation for
    Speech Recognition").
    """
    at = np.arange(0, len(piece.samples) - 1, rng.uniform(0.8, 1.25))
    faster = np.interp(at, np.arange(len(piece.samples)), piece.samples)
    silent = np.zeros(rng.integers(0, rate // 5))
    spoken = np.concatenate([faster, silent]) * 10 ** rng.uniform(-0.3, 0.3)
    noise = rng.standard_normal(len(spoken)) * 10 ** rng.uniform(-4, -2.3)
    return Utterance(np.clip(spoken + noise, -1, 1).astype(np.float32), piece.text)
