"""Scenes of the world of sounds: their events, order and split.

As in `mmbench.reference.worlds.shapes.scene`, all values are integers from random draws that are
identical on every machine.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from mmbench.reference.worlds.chance import below, chance, pick, shuffled
from mmbench.reference.worlds.splits import first_of_split, split_of

SOUNDS = (
    "low tone",
    "high tone",
    "rising sweep",
    "falling sweep",
    "siren",
    "chirps",
    "buzz",
    "bell",
    "drum",
    "clicks",
    "noise",
    "rumble",
)
LENGTHS = ("short", "long")

RATE = 8000
"""The sampling rate in Hz."""
SAMPLES = 19200
"""The number of samples of a clip, which lasts 2.4 seconds."""

_LONG = {"short": (2400, 600), "long": (4800, 800)}
_GAP = (160, 320)
# The number of simultaneous events in each slot.
_FORMS = ((1,), (1, 1), (2,), (1, 1, 1), (1, 1, 1), (2, 1), (1, 2))


class Event(NamedTuple):
    """The description of an event: its sound, and whether it is short or long."""

    sound: str
    length: str


class Play(NamedTuple):
    """The synthesis parameters of an event, in integers.

    `start` and `samples` (the duration) are in samples, `gain` is in 1/256, `pitch` is a relative
    change in thousandths, and `noise` is the seed of the noise.
    """

    start: int
    samples: int
    gain: int
    pitch: int
    noise: int


class SoundScene(NamedTuple):
    """One to three events with different sounds, in time slots.

    Events of the same slot are simultaneous. `plays` has an entry for each event, in order. `noise`
    is the seed of the background noise.
    """

    slots: tuple[tuple[Event, ...], ...]
    plays: tuple[Play, ...]
    noise: int

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order of their slots."""
        return tuple(event for slot in self.slots for event in slot)

    @property
    def key(self) -> str:
        """The meaning of the scene as a string; equal for scenes with the same description."""
        return " > ".join(" + ".join(f"{e.length} {e.sound}" for e in s) for s in self.slots)

    @property
    def split(self) -> str:
        """The only split that may contain this meaning, determined by a hash of `key`."""
        return split_of(self.key)


def sounds_at(split: str, seed: int, index: int, attempt: int = 0) -> SoundScene:
    """Return the scene of a split at an index from 0; it depends on the arguments only.

    Another `attempt` gives another scene. Several indices of a split may have the same meaning.
    """
    return first_of_split(
        split, lambda trial: _scene(chance("sounds", split, seed, index, attempt, trial))
    )


def _scene(rng: Random) -> SoundScene:
    form = pick(rng, _FORMS)
    chosen = iter(shuffled(rng, range(len(SOUNDS))))
    # Events in one slot are sorted as in SOUNDS, since the key must not depend on their order.
    slots = tuple(
        tuple(Event(SOUNDS[i], pick(rng, LENGTHS)) for i in sorted(next(chosen) for _ in range(n)))
        for n in form
    )
    lengths = [[_length(rng, event) for event in slot] for slot in slots]
    gaps = [_GAP[0] + below(rng, _GAP[1]) for _ in slots[1:]]
    at = below(rng, SAMPLES - sum(map(max, lengths)) - sum(gaps) + 1)
    plays: list[Play] = []
    for slot, gap in zip(lengths, [*gaps, 0], strict=True):
        plays += [_play(rng, at + below(rng, max(slot) - n + 1), n) for n in slot]
        at += max(slot) + gap
    return SoundScene(slots, tuple(plays), below(rng, 2**48))


def _length(rng: Random, event: Event) -> int:
    least, spread = _LONG[event.length]
    return least + below(rng, spread)


def _play(rng: Random, start: int, samples: int) -> Play:
    return Play(start, samples, 120 + below(rng, 137), below(rng, 161) - 80, below(rng, 2**48))
