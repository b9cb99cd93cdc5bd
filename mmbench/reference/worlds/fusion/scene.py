"""Trios of an image, an audio clip and a sentence that each show a number.

Either all three numbers are equal or one differs. No single modality reveals the answer: given only
an image, an audio clip or a sentence, the four answers are equally likely. The answer is chosen
first, then the three numbers, so that each number is equally frequent for each answer. Then
contents that show these numbers are drawn.
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
"""The possible answers: the modality that differs, or none."""

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
_APART = 1 << 16  # offset between the random draws of consecutive attempts


class Trio(NamedTuple):
    """An image scene, an audio scene and a sentence.

    `differs` is the index of the answer in `ANSWERS`: 0 if all three numbers agree, and 1, 2 or 3
    if the image, the audio or the sentence shows a different number.
    """

    image: Scene
    sound: SoundScene
    sentence: str
    differs: int

    @property
    def key(self) -> str:
        """The meaning of image, audio and sentence as a string."""
        return f"{self.image.key} | {self.sound.key} | {self.sentence}"


def _deck() -> list[tuple[int, tuple[int, int, int]]]:
    """Return 24 pairs of an answer and the three numbers; each answer occurs six times."""
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
"""Answers and numbers of 24 trios; each answer occurs twice with each number of each input."""


def trio_at(split: str, seed: int, index: int, attempt: int = 0) -> Trio:
    """Return the trio of a split at an index from 0.

    The index selects the answer and the three numbers from `DECK`. Another `attempt` gives another
    trio with the same answer and numbers. Images, sentences and audio with several events occur in
    one split only; audio with a single event has only 24 meanings, so all splits share it.
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
    """Return an audio scene of sequential events, since simultaneous events are hard to count."""
    scenes = (sounds_at(split, seed, index, trial) for trial in count(trials))
    return next(s for s in scenes if number == len(s.events) == len(s.slots))


def _sentence(split: str, rng: Random, number: int) -> str:
    """Return a sentence that mentions `number` items; its hash determines its split."""
    while True:
        one = pick(rng, tuple(_NOUNS))
        phrase = pick(rng, _PHRASES[number]).format(one=one, many=_NOUNS[one])
        sentence = pick(rng, _FRAMES).format(phrase)
        if split_of(sentence) == split:
            return sentence
