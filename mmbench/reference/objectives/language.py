"""Training of the language models with images, LLaVA and the prefix model.

A model is trained first on captions without images, then on descriptions of images, then on
conversations about images.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import numpy as np
from msgspec import Meta

from mmbench.reference.checkpoints import packaged
from mmbench.reference.objectives.tensors import model_loss, normalise
from mmbench.reference.training.family import Family, Objective
from mmbench.reference.training.recipe import StageOptions, parse_options
from mmbench.reference.worlds.chance import chance, shuffled
from mmbench.reference.worlds.shapes.batch import augmented_drawings
from mmbench.reference.worlds.shapes.retrieval import training_scene
from mmbench.reference.worlds.shapes.scene import Scene
from mmbench.reference.worlds.shapes.talk import DESCRIBE, IMAGE, TALKS, TalkTurn, training_talks
from mmbench.types import Message

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import (
        TrainedClip,
        TrainedLlava,
        TrainedPrefix,
        TrainedReader,
    )
    from mmbench.reference.checkpoints.trained_model import TrainedModel
    from mmbench.reference.tokens.words import Words
    from mmbench.reference.training.recipe import Recipe, Stage

S = TypeVar("S", bound="TrainedModel[Any]")

Talks = tuple[Scene, list[list[TalkTurn]]]
"""A scene, and conversations about it; all of them begin with its image, or none does."""

_VOCABULARY_SCENES = 2000
_ROLES: dict[str, Literal["system", "user", "assistant"]] = {"human": "user", "gpt": "assistant"}


def caption_conversation(seed: int, index: int) -> Talks:
    """Return a training scene, and a conversation with its five captions but no image.

    The captions are in random order; the model learns to predict each from the captions before it.
    """
    scene, texts = training_scene(seed, index)
    order = shuffled(chance("told", seed, index), texts)
    return scene, [[{"from": "gpt", "value": text} for text in order]]


def description_conversation(seed: int, index: int) -> Talks:
    """Return a training scene, and a conversation with a description of its image."""
    scene, texts = training_scene(seed, index)
    request = {"from": "human", "value": f"{IMAGE}\n{DESCRIBE}"}
    return scene, [[request, {"from": "gpt", "value": texts[0]}]]


def to_messages(turns: Sequence[TalkTurn]) -> list[Message[str | None]]:
    """Convert a conversation in LLaVA's format to messages, with None for each image."""
    return [Message(_ROLES[turn["from"]], tuple(_parts(turn["value"]))) for turn in turns]


def _parts(text: str) -> list[str | None]:
    """Split a text at image tokens; return the texts, with None for each image."""
    pieces = re.split(f"({IMAGE})", text)
    return [None if piece == IMAGE else piece for piece in pieces if piece]


def _fresh_llava(recipe: Recipe) -> TrainedLlava:
    """Build a LLaVA with the image tower of the CLIP in `start: vision` of the recipe."""
    from mmbench.reference.architectures.llava import Config, LLaVA
    from mmbench.reference.checkpoints.families import TrainedLlava

    vision, words, sizes = load_vision(recipe)
    model = LLaVA(Config(**sizes, **recipe.architecture))
    model.vision.load_state_dict(vision.model.image.state_dict())
    return TrainedLlava(model, words, mean=vision.mean, std=vision.std)


def _fresh_prefix(recipe: Recipe) -> TrainedPrefix:
    """Build a prefix model with the image tower and projection of the CLIP in `start: vision`."""
    from mmbench.reference.architectures.prefix import Config, Prefix
    from mmbench.reference.checkpoints.families import TrainedPrefix

    vision, words, sizes = load_vision(recipe)
    sizes["embedding"] = vision.model.config.embedding
    model = Prefix(Config(**sizes, **recipe.architecture))
    model.vision.load_state_dict(vision.model.image.state_dict())
    model.image_projection.load_state_dict(vision.model.image_projection.state_dict())
    return TrainedPrefix(model, words, mean=vision.mean, std=vision.std)


def load_vision(recipe: Recipe) -> tuple[TrainedClip, Words, dict[str, Any]]:
    """Load the CLIP in `start: vision` of the recipe; also return a vocabulary and settings.

    The settings are arguments of the language model's Config: the size of the vocabulary and the
    sizes of CLIP's image tower. Raises the errors of `load_start`.
    """
    from mmbench.reference.checkpoints.families import TrainedClip
    from mmbench.reference.tokens.turns import vocabulary

    vision, words = load_start(recipe, "vision", TrainedClip), vocabulary(_texts(recipe.seed))
    names = ("image_size", "patch", "image_width", "image_layers", "image_heads", "activation")
    sizes = {name: getattr(vision.model.config, name) for name in names}
    return vision, words, {"vocabulary": len(words.words), **sizes}


def load_start(recipe: Recipe, part: str, kind: type[S]) -> S:
    """Load the checkpoint of `part` that the recipe's `start` gives: a packaged name or a folder.

    Raises ValueError if `start` does not contain `part`, ModelError if the folder holds no
    checkpoint of the class `kind`.
    """
    from mmbench.reference.checkpoints.folder import read_checkpoint

    name = recipe.start.get(part)
    if name is None:
        raise ValueError(
            f"the recipe's start names no {part}; give `start: {{{part}: {kind.name}}}`"
        )
    shipped = Path(packaged(name))
    return read_checkpoint(shipped if shipped.is_dir() else Path(name), kind)


def _texts(seed: int) -> list[str]:
    """Return the texts about the first training scenes, from which the vocabulary is built."""
    captions = [t for i in range(_VOCABULARY_SCENES) for t in training_scene(seed, i)[1]]
    talks = (talk for i in range(_VOCABULARY_SCENES) for talk in training_talks(seed, i)[1])
    return captions + [turn["value"].replace(IMAGE, "") for talk in talks for turn in talk]


def _batch(
    talks: Callable[[int, int], Talks],
    checkpoint: TrainedReader,
    stage: Stage,
    seed: int,
    step: int,
) -> tuple[Tensor, ...]:
    """Return the tensors of a step: ids [n, t], labels [n, t], images and branch ids [n, t].

    `talks` returns the scene and the conversations of a seed and an index. Rows are padded on the
    right. Conversations longer than the context are truncated, as in LLaVA's code.
    """
    from mmbench.reference.architectures.language import UNLEARNT
    from mmbench.reference.tokens.packing import OUTSIDE
    from mmbench.reference.tokens.words import PAD, pad_ids

    drawn = [talks(seed, (step - 1) * stage.batch + i) for i in range(stage.batch)]
    rows = [_row(checkpoint, talks_about) for _, talks_about in drawn]
    seen = [scene for scene, talks_about in drawn if IMAGE in talks_about[0][0]["value"]]
    images = _pixels(checkpoint, seen, np.random.default_rng([seed, step]))
    fills = (PAD, UNLEARNT, OUTSIDE)
    ids, labels, branch_ids = (
        pad_ids(c, fill) for c, fill in zip(zip(*rows, strict=True), fills, strict=True)
    )
    return ids, labels, images, branch_ids


def _row(
    checkpoint: TrainedReader, talks: Sequence[Sequence[TalkTurn]]
) -> tuple[list[int], list[int], list[int]]:
    """Pack conversations about one image into a row; return its ids, labels and branch ids."""
    from mmbench.reference.architectures.language import UNLEARNT
    from mmbench.reference.tokens.packing import pack
    from mmbench.reference.tokens.turns import encode_turns

    config = checkpoint.model.config
    encoded = [encode_turns(to_messages(turns), checkpoint.words, config.places) for turns in talks]
    ids, learnt, branch_ids = pack(encoded, config.context)
    return (
        ids,
        [token if learn else UNLEARNT for token, learn in zip(ids, learnt, strict=True)],
        branch_ids,
    )


class TalkOptions(StageOptions, frozen=True):
    """Stage options for conversations.

    `talks` is the number of conversations per image, at least 1.
    """

    talks: Annotated[int, Meta(ge=1)] = TALKS


def _conversations(
    checkpoint: TrainedReader, stage: Stage, seed: int, step: int
) -> tuple[Tensor, ...]:
    number = parse_options(stage, TalkOptions).talks
    return _batch(partial(training_talks, number=number), checkpoint, stage, seed, step)


def _pixels(checkpoint: TrainedReader, scenes: Sequence[Scene], rng: np.random.Generator) -> Tensor:
    """Return augmented images [m, 3, size, size], normalised for the tower."""
    import torch

    size = checkpoint.model.config.image_size
    if not scenes:
        return torch.empty(0, 3, size, size)
    return normalise(
        torch.from_numpy(augmented_drawings(scenes, size, rng)), checkpoint.mean, checkpoint.std
    )


OBJECTIVES: dict[str, Objective[Any]] = {
    "captions": Objective(partial(_batch, caption_conversation), model_loss),
    "descriptions": Objective(partial(_batch, description_conversation), model_loss),
    "conversations": Objective(_conversations, model_loss, TalkOptions),
}
"""The objectives of all language models with images."""

LLAVA = Family(_fresh_llava, OBJECTIVES)
PREFIX = Family(_fresh_prefix, OBJECTIVES)
