"""Films of the moving shapes: their definition, random generation and split.

One shape moves, and at most one other shape rests. The image wraps around at its edges. So for
every motion and in every frame, the position of the moving shape is uniform over the image, and its
radius is uniform over all radii. No single frame reveals the motion.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from mmbench.reference.worlds.chance import below, chance, pick
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES, SIDE
from mmbench.reference.worlds.shapes.scene import Spot, near
from mmbench.reference.worlds.splits import first_of_split, split_of

FRAMES = 16
MOTIONS = (
    "moves left",
    "moves right",
    "moves up",
    "moves down",
    "circles clockwise",
    "circles anticlockwise",
    "swings from side to side",
    "bounces up and down",
    "grows",
    "shrinks",
)
PACES = ("slowly", "quickly")

TURN = 64
"""The number of parts of a full turn; angles are counted in these parts."""
_QUARTER = (0, 98, 195, 290, 383, 471, 556, 634, 707, 773, 831, 882, 924, 957, 981, 995, 1000)
_LEAST, _SPREAD = 70, 70  # radii of objects are 70 to 139 in the units of `Spot`
# Minimum and range of the speed per frame: units on a line, parts of a turn, units of the radius.
_SPEED = {"slowly": (12, 13), "quickly": (36, 25)}
_TURNING = {"slowly": (2, 2), "quickly": (6, 3)}
_GROWTH = {"slowly": (3, 2), "quickly": (8, 5)}
_LINES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


class Figure(NamedTuple):
    """The colour and shape of an object in words."""

    colour: str
    shape: str


class Film(NamedTuple):
    """A film: the moving object (mover), its motion and pace, and at most one resting object.

    The other fields are details that captions leave out. `start` has the mover's initial centre,
    radius and colour. `step` is the change per frame: of the position or the radius in units of
    `Spot`, or of the angle in 1/TURN of a turn. A circling or swinging motion begins at the angle
    `phase` (0 to TURN - 1) and extends to the distance `reach` from the centre. `rest` is the place
    of the resting object. The two objects differ in colour and in shape.
    """

    mover: Figure
    motion: str
    pace: str
    other: Figure | None
    start: Spot
    step: int
    phase: int
    reach: int
    rest: Spot
    background: tuple[int, int, int]

    @property
    def key(self) -> str:
        """The meaning of the film as a string; equal for films with the same description."""
        rests = f"; {' '.join(self.other)} rests" if self.other else ""
        return f"{' '.join(self.mover)} {self.motion} {self.pace}{rests}"

    @property
    def split(self) -> str:
        """The only split that may contain this meaning, determined by a hash of `key`."""
        return split_of(self.key)

    def at(self, frame: int) -> Spot:
        """Return centre (x and y from 0 to 959), radius and colour of the mover at a frame."""
        x, y, radius, rgb = self.start
        done = self.step * frame
        verb, _, direction = self.motion.partition(" ")
        if verb == "moves":
            x, y = x + _LINES[direction][0] * done, y + _LINES[direction][1] * done
        elif verb in ("grows", "shrinks"):
            sign = 1 if verb == "grows" else -1
            radius = _LEAST + (radius - _LEAST + sign * done) % _SPREAD
        else:
            dx, dy = _swing(self.motion, self.phase + done, self.phase - done)
            x, y = x + dx * self.reach // 1000, y + dy * self.reach // 1000
        return Spot(x % SIDE, y % SIDE, radius, rgb)


def _swing(motion: str, angle: int, back: int) -> tuple[int, int]:
    """Return the offset (x right, y down) from the centre in thousandths of the reach.

    `angle` increases with time and `back` decreases; both are in 1/TURN of a turn.
    """
    offsets = {
        "circles clockwise": (sine(angle + TURN // 4), sine(angle)),
        "circles anticlockwise": (sine(back + TURN // 4), sine(back)),
        "swings from side to side": (sine(angle), 0),
        "bounces up and down": (0, -abs(sine(angle))),
    }
    return offsets[motion]


def sine(angle: int) -> int:
    """Return 1000 · sin(angle), rounded; the angle is in 1/64 of a turn."""
    half, part = divmod(angle % TURN, TURN // 2)
    value = _QUARTER[min(part, TURN // 2 - part)]
    return -value if half else value


def film_at(split: str, seed: int, index: int, attempt: int = 0) -> Film:
    """Return the film of a split at an index from 0; it depends on the arguments only.

    Another `attempt` gives another film. Several indices of a split may have the same meaning.
    """
    return first_of_split(
        split, lambda trial: _film(chance("film", split, seed, index, attempt, trial))
    )


def _film(rng: Random) -> Film:
    mover = Figure(pick(rng, tuple(COLOURS)), pick(rng, SHAPES))
    motion, pace = pick(rng, MOTIONS), pick(rng, PACES)
    other = _another(rng, mover) if below(rng, 4) else None
    grey = 205 + below(rng, 36)
    return Film(
        mover,
        motion,
        pace,
        other,
        _spot(rng, mover),
        _step(rng, motion, pace),
        below(rng, TURN),
        90 + below(rng, 71),
        _spot(rng, other or mover),
        near(rng, (grey, grey, grey), 10),
    )


def _another(rng: Random, mover: Figure) -> Figure:
    """Return a random object that differs from the mover in colour and shape."""
    colours = [colour for colour in COLOURS if colour != mover.colour]
    return Figure(pick(rng, colours), pick(rng, [s for s in SHAPES if s != mover.shape]))


def _step(rng: Random, motion: str, pace: str) -> int:
    verb = motion.partition(" ")[0]
    kind = {"moves": _SPEED, "grows": _GROWTH, "shrinks": _GROWTH}.get(verb, _TURNING)
    least, spread = kind[pace]
    return least + below(rng, spread)


def _spot(rng: Random, figure: Figure) -> Spot:
    x, y, radius = below(rng, SIDE), below(rng, SIDE), _LEAST + below(rng, _SPREAD)
    return Spot(x, y, radius, near(rng, COLOURS[figure.colour], 18))
