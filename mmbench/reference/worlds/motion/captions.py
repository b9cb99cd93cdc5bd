"""Captions of films of moving shapes, from a small grammar.

The four kinds of captions differ in the facts they mention; synonyms are drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from mmbench.reference.worlds.chance import pick
from mmbench.reference.worlds.motion.scene import Figure, Film
from mmbench.reference.worlds.shapes.words import with_article

_MOTIONS = {
    "moves left": ("moves left", "moves to the left", "goes left"),
    "moves right": ("moves right", "moves to the right", "goes right"),
    "moves up": ("moves up", "moves upwards", "rises"),
    "moves down": ("moves down", "moves downwards", "sinks"),
    "circles clockwise": ("circles clockwise", "goes round clockwise"),
    "circles anticlockwise": ("circles anticlockwise", "goes round anticlockwise"),
    "swings from side to side": ("swings from side to side", "swings left and right"),
    "bounces up and down": ("bounces up and down", "hops up and down"),
    "grows": ("grows", "gets larger"),
    "shrinks": ("shrinks", "gets smaller"),
}
_PACES = {"slowly": ("slowly", "at a slow pace"), "quickly": ("quickly", "at a quick pace")}
_RESTS = ("rests", "stays where it is", "does not move")


def captions(film: Film, rng: Random) -> list[str]:
    """Return four true captions of a film, one of each kind, in the order of `KINDS`."""
    return [tell(film, rng) for tell in KINDS.values()]


def _everything(film: Film, rng: Random) -> str:
    """Describe the mover, its motion and pace, and the other object."""
    text = f"{_figure(film.mover)} {_does(film, rng)} {pick(rng, _PACES[film.pace])}"
    if film.other is None:
        return f"{text} and nothing else is there"
    return f"{text} while {_figure(film.other)} {pick(rng, _RESTS)}"


def _scene(film: Film, rng: Random) -> str:
    """Describe the objects and the motion, but not the pace."""
    if film.other is None:
        return f"there is only {_figure(film.mover)} and it {_does(film, rng)}"
    others = f"{_figure(film.other)} and {_figure(film.mover)}"
    return f"there are {others} and the {film.mover.shape} {_does(film, rng)}"


def _action(film: Film, rng: Random) -> str:
    """Describe the mover, its motion and pace, but not the other object."""
    pace = pick(rng, _PACES[film.pace])
    return f"{_figure(film.mover)} that {_does(film, rng)} {pace}"


def _glance(film: Film, rng: Random) -> str:
    """Describe the motion, and either the colour or the shape of the mover."""
    something = (f"something {film.mover.colour}", f"a {film.mover.shape}")
    return f"{pick(rng, something)} {_does(film, rng)}"


KINDS: dict[str, Callable[[Film, Random], str]] = {
    "everything": _everything,
    "scene": _scene,
    "action": _action,
    "glance": _glance,
}


def _does(film: Film, rng: Random) -> str:
    return pick(rng, _MOTIONS[film.motion])


def _figure(figure: Figure) -> str:
    return with_article(figure.colour, figure.shape)
