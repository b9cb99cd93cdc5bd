"""Questions about scenes of the shapes world, with answers that cannot be guessed.

Given only the text of a question, all possible answers are equally likely, and so are its options.
This holds by construction: a scene favours no colour, shape or cell; for questions whose answers
would not be equally likely, such as counts, the answer is drawn before the question. Chance is 1/2
for existence, 1/4 for count, 1/8 for colour, 1/9 for position and about 1/64 for comparison; with
options it is 1/2 for existence and 1/4 for the other kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations, product
from random import Random
from string import ascii_uppercase
from typing import NamedTuple

from mmbench.reference.worlds.chance import pick, shuffled
from mmbench.reference.worlds.shapes.captions import place
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES, SIZES, VALUES, SceneObject
from mmbench.reference.worlds.shapes.scene import Scene

_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")
_CELLS = {
    (row, column): f"{_ROWS[row]} {_COLUMNS[column]}".strip() or "middle"
    for row, column in product(range(3), range(3))
}
_PAIRS = [f"{colour} {shape}" for colour, shape in product(COLOURS, SHAPES)]
_ASPECTS = (("shape",), ("colour",), ("colour", "shape"), ("size", "colour", "shape"))
_COUNTS = ("0", "1", "2", "3")

# The compared quantities: the superlative and the comparative of each.
_MEASURES: dict[tuple[str, str], Callable[[SceneObject], int]] = {
    ("the largest", "larger than"): lambda item: SIZES.index(item.size),
    ("the smallest", "smaller than"): lambda item: -SIZES.index(item.size),
    ("the highest", "above"): lambda item: -item.row,
    ("the lowest", "below"): lambda item: item.row,
    ("farthest to the left", "to the left of"): lambda item: -item.column,
    ("farthest to the right", "to the right of"): lambda item: item.column,
}


class Question(NamedTuple):
    """A question, its answer of one or two words, and the options, which include the answer."""

    kind: str
    text: str
    answer: str
    options: tuple[str, ...]

    @property
    def letter(self) -> str:
        """Return the letter of the answer among the options, from A."""
        return ascii_uppercase[self.options.index(self.answer)]


def questions(scene: Scene, rng: Random) -> list[Question]:
    """Return one question of each kind that the scene allows, in the order of `KINDS`.

    `rng` is made by `chance(...)`. A question has four options, or two for existence; the answer is
    equally often at each position.
    """
    return [question for make in KINDS.values() if (question := make(scene, rng)) is not None]


def _existence(scene: Scene, rng: Random) -> Question:
    """Return a question whether the image shows an object, with the answer yes or no.

    The description of an absent object differs in one word from that of an object in the image.
    """
    item, aspects = pick(rng, scene.objects), pick(rng, _ASPECTS)
    description = {aspect: getattr(item, aspect) for aspect in aspects}
    answer = pick(rng, ("yes", "no"))
    if answer == "no":
        other = pick(rng, aspects)
        changed = ({**description, other: value} for value in shuffled(rng, VALUES[other]))
        description = next(a for a in changed if not any(_fits(t, a) for t in scene.objects))
    noun = " ".join(description.values()) + ("" if "shape" in description else " shape")
    article = "an" if noun.startswith("orange") else "a"
    text = f"Is there {article} {noun}?"
    return Question("existence", text, answer, tuple(shuffled(rng, ("yes", "no"))))


def _fits(item: SceneObject, description: dict[str, str]) -> bool:
    return all(getattr(item, aspect) == value for aspect, value in description.items())


def _count(scene: Scene, rng: Random) -> Question | None:
    """Return a question with a count from 0 to 3 as its answer.

    The count is drawn before the question, so that all counts are equally frequent. Return None if
    the scene allows no such question.
    """
    if len(scene.objects) < 3:
        return None
    counters = shuffled(rng, (_count_sizes, _count_colours, _count_shapes))
    counted = next(filter(None, (counter(scene, rng) for counter in counters)), None)
    if counted is None:
        return None
    text, number = counted
    return Question("count", text, str(number), tuple(shuffled(rng, _COUNTS)))


def _count_sizes(scene: Scene, rng: Random) -> tuple[str, int] | None:
    """Return a question about the number of small or large objects, and its answer.

    For two thirds of the scenes with objects of both sizes, return None, to balance the answers.
    """
    sizes = [item.size for item in scene.objects]
    if len(set(sizes)) == 2 and pick(rng, range(3)):
        return None
    size = pick(rng, SIZES)
    return f"How many {size} shapes are there?", sizes.count(size)


def _count_colours(scene: Scene, rng: Random) -> tuple[str, int] | None:
    drawn = _three(rng, [item.colour for item in scene.objects], tuple(COLOURS))
    if drawn is None:
        return None
    (first, second, third), number = drawn
    return f"How many shapes are {first}, {second} or {third}?", number


def _count_shapes(scene: Scene, rng: Random) -> tuple[str, int] | None:
    drawn = _three(rng, [item.shape for item in scene.objects], SHAPES)
    if drawn is None:
        return None
    (first, second, third), number = [_plural(word) for word in drawn[0]], drawn[1]
    return f"How many {first}, {second} or {third} are there?", number


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith("s") else f"{word}s"


def _three(
    rng: Random, present: Sequence[str], words: Sequence[str]
) -> tuple[list[str], int] | None:
    """Return three of `words`, and how many of the `present` words are among them, 0 to 3.

    The number is drawn first, so that all four numbers are equally frequent; return None if one of
    them is not possible.
    """
    by_number: dict[int, list[tuple[str, ...]]] = {}
    for three in combinations(words, 3):
        by_number.setdefault(sum(word in three for word in present), []).append(three)
    if len(by_number) < 4:
        return None
    number = pick(rng, range(4))
    return shuffled(rng, pick(rng, by_number[number])), number


def _colour(scene: Scene, rng: Random) -> Question:
    """Return a question about the colour of an object named by shape, size or place."""
    item = pick(rng, scene.objects)
    names = [*_names(scene, item, ("shape", "size")), f"shape {place(item, rng)}"]
    text = f"What colour is the {pick(rng, names)}?"
    others = [other.colour for other in scene.objects]
    return Question("colour", text, item.colour, _options(rng, item.colour, others, COLOURS))


def _position(scene: Scene, rng: Random) -> Question:
    """Return a question about the place of an object named by colour, shape or size."""
    item = pick(rng, scene.objects)
    names = [f"{item.colour} {item.shape}", *_names(scene, item, ("colour", "shape", "size"))]
    text = f"Where is the {pick(rng, names)}?"
    cells = [_CELLS[other.row, other.column] for other in scene.objects]
    answer = _CELLS[item.row, item.column]
    return Question("position", text, answer, _options(rng, answer, cells, _CELLS.values()))


def _names(scene: Scene, item: SceneObject, aspects: Sequence[str]) -> list[str]:
    """Return the aspects that identify an object, as nouns: "circle", "large shape"."""
    own = {aspect: {aspect: getattr(item, aspect)} for aspect in aspects}
    distinguishing = [
        a for a in aspects if sum(_fits(other, own[a]) for other in scene.objects) == 1
    ]
    return [own[a][a] + ("" if a == "shape" else " shape") for a in distinguishing]


def _comparison(scene: Scene, rng: Random) -> Question | None:
    """Return a question about the largest, leftmost, … shape, or a comparison with an object.

    Return None if the scene allows no such question.
    """
    candidates = [*_superlatives(scene), *_comparatives(scene)]
    if not candidates:
        return None
    text, right, mentioned = pick(rng, candidates)
    others = [_pair(other) for other in scene.objects if other not in mentioned]
    strangers = [pair for pair in _PAIRS if pair not in map(_pair, mentioned)]
    options = _options(rng, _pair(right), others, strangers)
    return Question("comparison", text, _pair(right), options)


def _superlatives(scene: Scene) -> Iterator[tuple[str, SceneObject, tuple[SceneObject, ...]]]:
    for (most, _), measure in _MEASURES.items():
        amounts = [measure(item) for item in scene.objects]
        if len(amounts) > 1 and amounts.count(max(amounts)) == 1:
            yield f"Which shape is {most}?", max(scene.objects, key=measure), ()


def _comparatives(scene: Scene) -> Iterator[tuple[str, SceneObject, tuple[SceneObject, ...]]]:
    """Yield comparisons: the question, the object that answers it, and the mentioned objects.

    The scene must have three objects; with two, the answer would be trivial.
    """
    for ((_, more), measure), mentioned in product(_MEASURES.items(), scene.objects):
        fitting = [item for item in scene.objects if measure(item) > measure(mentioned)]
        if len(scene.objects) == 3 and len(fitting) == 1:
            yield f"Which shape is {more} the {_pair(mentioned)}?", fitting[0], (mentioned,)


def _pair(item: SceneObject) -> str:
    return f"{item.colour} {item.shape}"


def _options(
    rng: Random, answer: str, present: Sequence[str], words: Collection[str]
) -> tuple[str, ...]:
    """Return the answer and three wrong options, preferably from the scene, in random order."""
    wrong = [
        word for word in dict.fromkeys([*present, *shuffled(rng, list(words))]) if word != answer
    ]
    return tuple(shuffled(rng, [answer, *wrong[:3]]))


KINDS: dict[str, Callable[[Scene, Random], Question | None]] = {
    "existence": _existence,
    "count": _count,
    "colour": _colour,
    "position": _position,
    "comparison": _comparison,
}
