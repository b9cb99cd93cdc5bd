"""An image, a sound and a sentence that tell a number each: all the same, or one of them differs.

Which one, none of them tells alone. Given all of an image the four answers are equally likely, and
so for a sound and a sentence: what differs is drawn first, then the numbers, of which each of the
three has every one equally often whatever the answer, and then what tells the number.
"""

from __future__ import annotations

from itertools import count, permutations
from random import Random
from typing import NamedTuple

from mmbench.reference.worlds.chance import chance, pick
from mmbench.reference.worlds.shapes.scene import Scene, scene_at
from mmbench.reference.worlds.sounds.scene import SoundScene, sounds_at
from mmbench.reference.worlds.splits import split_of

ANSWERS = ("none", "the image", "the sound", "the sentence")
"""What may be the one that differs."""

NUMBERS = (1, 2, 3)

_NOUNS = {
    "lamp": "lamps",
    "book": "books",
    "cup": "cups",
    "bird": "birds",
    "boat": "boats",
    "coin": "coins",
    "tree": "trees",
    "key": "keys",
    "door": "doors",
    "bell": "bells",
}
_PHRASES = {
    1: ("one {one}", "a single {one}", "two {many} less one", "three {many} less two"),
    2: ("two {many}", "a pair of {many}", "one {one} and one more", "three {many} less one"),
    3: ("three {many}", "a trio of {many}", "one {one} and two more", "two {many} and one more"),
}
_FRAMES = (
    "I see {}",
    "she counted {}",
    "he has drawn {}",
    "we were told of {}",
    "they found {}",
    "my notebook says {}",
    "somebody brought {}",
    "there will be {}",
)
_APART = 1 << 16  # trials of one attempt, before those of the next one begin


class Trio(NamedTuple):
    """A scene to see, one to hear and a sentence, and which differs: a position in `ANSWERS`."""

    image: Scene
    sound: SoundScene
    sentence: str
    differs: int

    @property
    def key(self) -> str:
        """The meaning of all three as text."""
        return f"{self.image.key} | {self.sound.key} | {self.sentence}"


def _deck() -> list[tuple[int, tuple[int, int, int]]]:
    """Each answer six times, with the numbers of image, sound and sentence; answers take turns."""
    agree = [(number, number, number) for number in NUMBERS] * 2
    odd = list(permutations(NUMBERS, 2))
    rows = [
        agree,
        [(one, both, both) for one, both in odd],
        [(both, one, both) for one, both in odd],
        [(both, both, one) for one, both in odd],
    ]
    return [(answer, rows[answer][k]) for k in range(6) for answer in range(4)]


DECK = _deck()
"""Answers and numbers of 24 trios: with each number of each of the three, each answer twice."""


def trio_at(split: str, seed: int, index: int, attempt: int = 0) -> Trio:
    """The trio of a split at an index from 0, stateless, with the answer and numbers of `DECK`.

    Another `attempt` gives another trio of these. Image and sentence are of the split, and so is a
    sound of more than one event; of one event there are 24 meanings, and all splits hear the same.
    """
    answer, (image_number, sound_number, sentence_number) = DECK[index % len(DECK)]
    rng = chance("trio", split, seed, index, attempt)
    trials = attempt * _APART
    image = _image(split, seed, index, trials, image_number)
    sound = _sound("train" if sound_number == 1 else split, seed, index, trials, sound_number)
    return Trio(image, sound, _sentence(split, rng, sentence_number), answer)


def _image(split: str, seed: int, index: int, trials: int, number: int) -> Scene:
    scenes = (scene_at(split, seed, index, trial) for trial in count(trials))
    return next(scene for scene in scenes if len(scene.objects) == number)


def _sound(split: str, seed: int, index: int, trials: int, number: int) -> SoundScene:
    """One after the other: of two at once it cannot always be told how many they are."""
    scenes = (sounds_at(split, seed, index, trial) for trial in count(trials))
    return next(s for s in scenes if number == len(s.events) == len(s.slots))


def _sentence(split: str, rng: Random, number: int) -> str:
    """A number told in words; a hash of the sentence says which split may say it."""
    while True:
        one = pick(rng, tuple(_NOUNS))
        phrase = pick(rng, _PHRASES[number]).format(one=one, many=_NOUNS[one])
        sentence = pick(rng, _FRAMES).format(phrase)
        if split_of(sentence) == split:
            return sentence
