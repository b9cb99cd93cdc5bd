"""Captions of the world of sounds.

The four kinds of captions differ in the facts they mention; synonyms, and the order of simultaneous
events, are random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from mmbench.reference.worlds.chance import pick, shuffled
from mmbench.reference.worlds.sounds.scene import Event, SoundScene

_NAMES = {
    "low tone": ("low tone", "deep tone"),
    "high tone": ("high tone", "whistle"),
    "rising sweep": ("rising sweep", "climbing sweep"),
    "falling sweep": ("falling sweep", "sinking sweep"),
    "siren": ("siren", "wail"),
    "chirps": ("series of chirps", "row of chirps"),
    "buzz": ("buzz", "drone"),
    "bell": ("bell", "chime"),
    "drum": ("drum roll", "run of drum beats"),
    "clicks": ("train of clicks", "row of clicks"),
    "noise": ("burst of noise", "hiss"),
    "rumble": ("rumble", "growl"),
}
_LENGTHS = {"short": ("short", "brief"), "long": ("long", "lasting")}
_TOGETHER = ("over", "together with", "at once with")
_NUMBERS = ("one sound", "two sounds", "three sounds")


def sound_captions(scene: SoundScene, rng: Random) -> list[str]:
    """Return four true captions of a scene, one of each kind, in the order of `SOUND_KINDS`."""
    return [tell(scene, rng) for tell in SOUND_KINDS.values()]


def _everything(scene: SoundScene, rng: Random) -> str:
    """Describe the sounds, their lengths and their order."""
    return ", then ".join(_slot(slot, _name_with_length, rng) for slot in scene.slots)


def _order(scene: SoundScene, rng: Random) -> str:
    """Describe the sounds and their order."""
    text = " followed by ".join(_slot(slot, _name, rng) for slot in scene.slots)
    return text if len(scene.events) > 1 else f"only {text}"


def _backwards(scene: SoundScene, rng: Random) -> str:
    """Describe the sounds and their order, from the last sound to the first."""
    text = ", after ".join(_slot(slot, _name, rng) for slot in reversed(scene.slots))
    return text if len(scene.events) > 1 else f"nothing but {text}"


def _inventory(scene: SoundScene, rng: Random) -> str:
    """Describe the number of sounds, and each sound without its time."""
    *first, last = [_name_with_length(event, rng) for event in shuffled(rng, scene.events)]
    text = f"{', '.join(first)} and {last}" if first else last
    return f"{_NUMBERS[len(first)]}: {text}"


SOUND_KINDS: dict[str, Callable[[SoundScene, Random], str]] = {
    "everything": _everything,
    "order": _order,
    "backwards": _backwards,
    "inventory": _inventory,
}


def _slot(slot: Sequence[Event], tell: Callable[[Event, Random], str], rng: Random) -> str:
    joined = f" {pick(rng, _TOGETHER)} "
    return joined.join(tell(event, rng) for event in shuffled(rng, slot))


def _name(event: Event, rng: Random) -> str:
    return f"a {pick(rng, _NAMES[event.sound])}"


def _name_with_length(event: Event, rng: Random) -> str:
    return f"a {pick(rng, _LENGTHS[event.length])} {pick(rng, _NAMES[event.sound])}"
