"""The scenes of the world of sounds: which events, in which order, together or not, and the split.

As in `mmbench.reference.worlds.shapes.scene`, everything is whole numbers and a chance that is the
same on every machine.
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
"""Samples a second."""
SAMPLES = 19200
"""Samples of every sound: 2.4 seconds."""

_LONG = {"short": (2400, 600), "long": (4800, 800)}
_GAP = (160, 320)
# How many sound at once, slot by slot.
_FORMS = ((1,), (1, 1), (2,), (1, 1, 1), (1, 1, 1), (2, 1), (1, 2))


class Event(NamedTuple):
    """One event in words: what it is, and whether it is short or long."""

    sound: str
    length: str


class Play(NamedTuple):
    """How an event sounds, in whole numbers.

    Where it starts and how long it is, in samples; how loud, of 256; by how many thousandths its
    pitch is changed; what its noise is drawn by.
    """

    start: int
    samples: int
    gain: int
    pitch: int
    noise: int


class SoundScene(NamedTuple):
    """One to three events, no two of one sound, in slots of time; those of a slot sound at once.

    `plays` belongs to the events in their order. `noise` draws the faint noise behind them.
    """

    slots: tuple[tuple[Event, ...], ...]
    plays: tuple[Play, ...]
    noise: int

    @property
    def events(self) -> tuple[Event, ...]:
        """All events in order."""
        return tuple(event for slot in self.slots for event in slot)

    @property
    def key(self) -> str:
        """The scene's meaning as text: equal for two scenes that differ in no word."""
        return " > ".join(" + ".join(f"{e.length} {e.sound}" for e in s) for s in self.slots)

    @property
    def split(self) -> str:
        """The split that may hold this meaning, by a hash of the key: 80, 10 and 10 %."""
        return split_of(self.key)


def sounds_at(split: str, seed: int, index: int, attempt: int = 0) -> SoundScene:
    """The scene of a split at an index from 0: stateless, so that a stream resumes anywhere.

    Another `attempt` gives another scene. Within a split, meanings can repeat over the indices.
    """
    return first_of_split(
        split, lambda trial: _scene(chance("sounds", split, seed, index, attempt, trial))
    )


def _scene(rng: Random) -> SoundScene:
    form = pick(rng, _FORMS)
    chosen = iter(shuffled(rng, range(len(SOUNDS))))
    slots = tuple(  # in a slot in the order of SOUNDS: what sounds at once has no order in words
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
