"""Training data about still images of the shapes world: questions, and talks as LLaVA's data has.

Source of the form: Liu et al. 2023, arXiv 2304.08485, and the `conversations` of LLaVA-Instruct.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from random import Random

from mmbench.data.cells import lettered
from mmbench.data.shapes_captions import captions
from mmbench.data.shapes_questions import KINDS, Question, questions
from mmbench.data.shapes_scene import Scene, chance, pick, scene_at, shuffled

IMAGE = "<image>"
DESCRIBE = "Describe the image in one line."
BRIEFLY = "Answer in one or two words."
BY_LETTER = "Answer with the letter of the option."

_ASKED = 3

Turn = dict[str, str]


def training_question(seed: int, index: int) -> tuple[Scene, Question]:
    """A scene of the unlimited training stream and a question about it, by its index alone.

    The kinds of `KINDS` take turns over the indices.
    """
    kind = list(KINDS)[index % len(KINDS)]
    for attempt in count():
        scene = scene_at("train", seed, index, attempt)
        for question in questions(scene, chance("questions", "train", seed, index, attempt)):
            if question.kind == kind:
                return scene, question
    raise AssertionError("unreachable")


def training_conversation(seed: int, index: int) -> tuple[Scene, list[Turn]]:
    """A scene of the training stream and a talk about it (`conversation`), by its index alone."""
    scene = scene_at("train", seed, index)
    return scene, conversation(scene, chance("conversation", "train", seed, index))


def conversation(scene: Scene, rng: Random) -> list[Turn]:
    """Turns {"from": "human" or "gpt", "value": text}, the first with the token of the image.

    A description and up to three questions, each to be answered in words or by letter, in an order
    drawn by lot.
    """
    asked = shuffled(rng, questions(scene, rng))[:_ASKED]
    told = [_answered(question, rng) for question in asked]
    described = (DESCRIBE, captions(scene, rng)[0])
    turns = [turn for pair in shuffled(rng, [*told, described]) for turn in _turns(*pair)]
    turns[0]["value"] = f"{IMAGE}\n{turns[0]['value']}"
    return turns


def _answered(question: Question, rng: Random) -> tuple[str, str]:
    if pick(rng, (True, False)):
        return f"{question.text}\n{BRIEFLY}", question.answer
    return f"{question.text}\n{lettered(question.options)}\n{BY_LETTER}", question.letter


def _turns(human: str, gpt: str) -> Sequence[Turn]:
    return {"from": "human", "value": human}, {"from": "gpt", "value": gpt}
