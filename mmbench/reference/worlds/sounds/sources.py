"""Data sources of the world of sounds: synthetic audio with captions and tags.

A scene has one to three events of twelve kinds in 2.4 seconds, successive or simultaneous, and four
captions. A hash of the scene's meaning determines its split, so the training stream contains no
scene of the test split. The bytes are identical on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from mmbench.datasets import RetrievalData, Samples
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.sounds.captions import SOUND_KINDS, sound_captions
from mmbench.reference.worlds.sounds.make import synthesise, wav
from mmbench.reference.worlds.sounds.scene import SOUNDS, SoundScene, sounds_at
from mmbench.reference.worlds.sources import captioned, check_number, check_split
from mmbench.reference.worlds.splits import distinct
from mmbench.types import Media, Sample

_MOST = 1000  # the test split has about 1,900 meanings


def sounds(
    root: Path | None,  # noqa: ARG001 - a source takes it; this one reads no file
    *,
    split: str = "test",
    sounds: int = 500,
    seed: int = 0,
) -> RetrievalData:
    """Return captions as queries and audio as documents; no two clips have the same meaning.

    `split` is train, validation or test; `sounds` is 1 to 1,000; `seed` selects other scenes of the
    same split. A clip is a WAV file of 2.4 seconds at 8 kHz, synthesised when it is read. Tags:
    `events` (1 to 3) of queries and documents, `caption` (the kind of caption) of queries. Raises
    UnknownName for an unknown split, DataError for a number out of range.
    """
    scenes = _scenes(split, sounds, seed)
    scene_captions = (
        sound_captions(scene, chance("sound captions", split, seed, index))
        for index, scene in enumerate(scenes)
    )
    return captioned(
        _samples(scenes, split, seed),
        (zip(SOUND_KINDS, texts, strict=True) for texts in scene_captions),
    )


def sound_tags(
    root: Path | None,  # noqa: ARG001
    *,
    split: str = "test",
    sounds: int = 500,
    seed: int = 0,
) -> Samples:
    """Return the audio of the source `sounds`, with the indices of its events as targets."""
    return Samples(_samples(_scenes(split, sounds, seed), split, seed), list(SOUNDS))


def _scenes(split: str, number: int, seed: int) -> tuple[SoundScene, ...]:
    check_split("the world of sounds", split)
    check_number("shapes sounds", "sounds", number, _MOST)
    return _distinct_scenes(split, number, seed)


@lru_cache(maxsize=1)  # the tasks of this world ask for the same scenes, once for each model
def _distinct_scenes(split: str, number: int, seed: int) -> tuple[SoundScene, ...]:
    return tuple(distinct(number, partial(sounds_at, split, seed)))


def _samples(scenes: Sequence[SoundScene], split: str, seed: int) -> list[Sample]:
    """Return scenes as audio samples, with the indices of their events as targets."""
    samples = []
    for index, scene in enumerate(scenes):
        name = f"{split}-{index}"
        audio = scene_sound(scene, f"{name} (seed {seed})")
        tags = {"events": str(len(scene.events))}
        samples.append(Sample(name, {"audio": audio}, sound_labels(scene), name, tags))
    return samples


def scene_sound(scene: SoundScene, name: str) -> Media:
    """Return the audio of a scene as WAV, which is synthesised when read."""
    return Media("audio", f"sound {name}", partial(_wav, scene))


def sound_labels(scene: SoundScene) -> list[int]:
    """Return the indices in `SOUNDS` of the sounds in a scene, in ascending order."""
    return sorted(SOUNDS.index(event.sound) for event in scene.events)


def _wav(scene: SoundScene) -> bytes:
    return wav(synthesise(scene))


def training_sounds(seed: int, index: int) -> tuple[SoundScene, list[str]]:
    """Return the scene at an index of the unlimited training stream, and its four captions."""
    scene = sounds_at("train", seed, index)
    return scene, sound_captions(scene, chance("sound captions", "train", seed, index))
