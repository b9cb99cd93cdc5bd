"""Training data about still images of the shapes world: questions, and LLaVA-style conversations.

Source of the format: Liu et al. 2023, arXiv 2304.08485, and the `conversations` of LLaVA-Instruct.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from random import Random

from mmbench.datasets import lettered
from mmbench.reference.worlds.chance import chance, pick, shuffled
from mmbench.reference.worlds.shapes.captions import captions
from mmbench.reference.worlds.shapes.questions import KINDS, Question, questions
from mmbench.reference.worlds.shapes.scene import Scene, scene_at

IMAGE = "<image>"
DESCRIBE = "Describe the image in one line."
BRIEFLY = "Answer in one or two words."
BY_LETTER = "Answer with the letter of the option."

TALKS = 8
"""The default number of conversations about an image."""
_ANSWER_FORMS = (slice(0, 1), slice(1, 2), slice(0, 2))  # in words, by letter, in both forms

TalkTurn = dict[str, str]


def training_question(seed: int, index: int) -> tuple[Scene, Question]:
    """Return the scene at an index of the unlimited training stream, and a question about it.

    The kind of the question alternates over the indices, in the order of `KINDS`.
    """
    kind = list(KINDS)[index % len(KINDS)]
    for attempt in count():
        scene = scene_at("train", seed, index, attempt)
        for question in questions(scene, chance("questions", "train", seed, index, attempt)):
            if question.kind == kind:
                return scene, question
    raise AssertionError("unreachable")


def training_talks(
    seed: int, index: int, number: int = TALKS
) -> tuple[Scene, list[list[TalkTurn]]]:
    """Return the scene at an index of the training stream, and conversations about it.

    `talks` makes up to `number` conversations.
    """
    scene = scene_at("train", seed, index)
    return scene, talks(scene, chance("talks", "train", seed, index), number)


def talks(scene: Scene, rng: Random, number: int) -> list[list[TalkTurn]]:
    """Return `number` (at least 1) independent conversations about one image.

    If the scene allows fewer questions, there are fewer conversations. A turn is {"from": "human"
    or "gpt", "value": text}; the first turn begins with the image token. The first conversation has
    a description and then a question. Each further conversation has one question, answered in
    words, by letter, or in words and then by letter.
    """
    chosen = _different(scene, rng, number)
    description = (DESCRIBE, captions(scene, rng)[0])
    first, *others = ([_in_words(question), _by_letter(question)] for question in chosen)
    pairs = [[description, first[0]], *(forms[pick(rng, _ANSWER_FORMS)] for forms in others)]
    return [_conversation(each) for each in pairs]


def _different(scene: Scene, rng: Random, number: int) -> list[Question]:
    """Return up to `number` questions with distinct texts."""
    by_text: dict[str, Question] = {}
    for _ in range(number):
        for question in shuffled(rng, questions(scene, rng)):
            by_text.setdefault(question.text, question)
        if len(by_text) >= number:
            break
    return shuffled(rng, list(by_text.values()))[:number]


def _conversation(pairs: Sequence[tuple[str, str]]) -> list[TalkTurn]:
    turns = [turn for pair in pairs for turn in _turns(*pair)]
    turns[0]["value"] = f"{IMAGE}\n{turns[0]['value']}"
    return turns


def _in_words(question: Question) -> tuple[str, str]:
    return f"{question.text}\n{BRIEFLY}", question.answer


def _by_letter(question: Question) -> tuple[str, str]:
    return f"{question.text}\n{lettered(question.options)}\n{BY_LETTER}", question.letter


def _turns(human: str, gpt: str) -> Sequence[TalkTurn]:
    return {"from": "human", "value": human}, {"from": "gpt", "value": gpt}
