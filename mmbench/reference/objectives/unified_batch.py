"""Batches for the multimodal GPT: conversations as ids with placeholders for codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta, structs

from mmbench.reference.objectives.language import description_conversation, to_messages
from mmbench.reference.objectives.tensors import log_mel_batch, normalise
from mmbench.reference.training.recipe import StageOptions, parse_options
from mmbench.reference.worlds.numbers.batch import Utterance, spoken_batch
from mmbench.reference.worlds.shapes.batch import drawings
from mmbench.reference.worlds.shapes.retrieval import training_scene
from mmbench.reference.worlds.shapes.scene import Scene
from mmbench.reference.worlds.shapes.talk import training_talks

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedUnified
    from mmbench.reference.tokens.mixed import CodeSpan, MessageTurn
    from mmbench.reference.training.recipe import Stage

_WITHOUT_TEXT = 0.1
"""The share of image generation rows without a prompt, which classifier-free guidance needs."""


def image_tensors(checkpoint: TrainedUnified, scenes: Sequence[Scene]) -> Tensor:
    """Draw scenes as images [n, 3, size, size], normalised for the model.

    Images are not augmented, since no scene is repeated and the model would learn to generate the
    augmentations.
    """
    import torch

    size = checkpoint.model.config.image_size
    if not scenes:
        return torch.empty(0, 3, size, size)
    images = torch.from_numpy(drawings(scenes, size)) / 255
    return normalise(images, checkpoint.mean, checkpoint.std)


def sound_tensors(checkpoint: TrainedUnified, spoken: Sequence[Utterance]) -> tuple[Tensor, Tensor]:
    """Return log-mel spectrograms [n, t, bands] of utterances, and their frame counts [n]."""
    return log_mel_batch([piece.samples for piece in spoken], checkpoint.model.config.mel)


SceneTalks = tuple[Scene, list[list["MessageTurn"]]]
"""A scene, and conversations about it that begin or end with its image."""


def _talks(checkpoint: TrainedUnified, seed: int, index: int) -> SceneTalks:
    """Return a scene, and conversations with questions about its image."""
    scene, talks = training_talks(seed, index)
    return scene, [_turns(checkpoint, turns) for turns in talks]


def _description(checkpoint: TrainedUnified, seed: int, index: int) -> SceneTalks:
    """Return a scene, and a conversation with a description of its image."""
    scene, talks = description_conversation(seed, index)
    return scene, [_turns(checkpoint, turns) for turns in talks]


def _turns(checkpoint: TrainedUnified, turns: Sequence[dict[str, str]]) -> list[MessageTurn]:
    image = _image(checkpoint)
    return [
        (message.role, [image if part is None else part.strip() for part in message.parts])
        for message in to_messages(turns)
    ]


def _drawing(checkpoint: TrainedUnified, seed: int, index: int) -> SceneTalks:
    """Return a scene, and a conversation in which its caption is the prompt of its image."""
    scene, texts = training_scene(seed, index)
    return scene, [[("user", [texts[0]]), ("assistant", [_image(checkpoint)])]]


def _image(checkpoint: TrainedUnified) -> CodeSpan:
    from mmbench.reference.tokens.mixed import CodeSpan, TokenKind

    return CodeSpan(TokenKind.IMAGE, checkpoint.model.config.patches)


_Share = Annotated[float, Meta(ge=0)]


class Shares(StageOptions, frozen=True):
    """The relative number of rows of each kind in a batch.

    A row of `talks` packs eight conversations about one image.
    """

    talks: _Share = 0.0
    descriptions: _Share = 0.0
    drawings: _Share = 0.0
    speech: _Share = 0.0

    def __post_init__(self) -> None:
        if not any(structs.astuple(self)):
            raise ValueError("all shares are 0; give one kind of row a positive share")


_EXAMPLES: Mapping[str, Callable[[TrainedUnified, int, int], SceneTalks]] = {
    "talks": _talks,
    "descriptions": _description,
    "drawings": _drawing,
}


def mixed_batch(
    checkpoint: TrainedUnified, stage: Stage, seed: int, step: int
) -> tuple[Tensor, ...]:
    """Return the tensors of a step: ids, learnt mask and branch ids, [n, t] each, and media.

    The media are the pixels of images, and log-mel spectrograms with their frame counts. The
    options of the stage are `Shares`; rows of a kind are adjacent.
    """
    rng = np.random.default_rng([seed, step])
    counts = row_counts(stage)
    examples = [
        make_example(checkpoint, seed, (step - 1) * counts[kind] + i)
        for kind, make_example in _EXAMPLES.items()
        for i in range(counts[kind])
    ]
    spoken = spoken_batch(seed, step, counts["speech"], checkpoint.model.config.mel.rate)
    mel, frames = sound_tensors(checkpoint, spoken)
    rows = [*(talks for _, talks in examples), *_transcriptions(checkpoint, spoken, frames)]
    images = image_tensors(checkpoint, [scene for scene, _ in examples])
    return *_encode_rows(checkpoint, rows, rng), images, mel, frames


def row_counts(stage: Stage) -> dict[str, int]:
    """Return the number of rows per batch for each kind in `Shares`."""
    shares = structs.asdict(parse_options(stage, Shares))
    total = sum(shares.values())
    return {kind: round(stage.batch * share / total) for kind, share in shares.items()}


def _transcriptions(
    checkpoint: TrainedUnified, spoken: Sequence[Utterance], frames: Tensor
) -> list[list[list[MessageTurn]]]:
    from mmbench.reference.tokens.mixed import CodeSpan, TokenKind

    lengths = checkpoint.model.sounds.lengths(frames).tolist()
    return [
        [[("user", [CodeSpan(TokenKind.SOUND, length)]), ("assistant", [piece.text])]]
        for piece, length in zip(spoken, lengths, strict=True)
    ]


def _encode_rows(
    checkpoint: TrainedUnified,
    rows: Sequence[Sequence[Sequence[MessageTurn]]],
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, learnt mask and branch ids, [n, t] each.

    In some rows with an image to generate, the text is masked, since classifier-free guidance also
    needs a model of images without prompts.
    """
    import torch

    from mmbench.reference.tokens.mixed import PAD, TokenKind, encode_turns
    from mmbench.reference.tokens.packing import OUTSIDE, pack
    from mmbench.reference.tokens.words import pad_ids

    config = checkpoint.model.config
    layout = config.layout
    packed = [
        pack([encode_turns(turns, checkpoint.bpe, layout) for turns in talks], config.context)
        for talks in rows
    ]
    ids = pad_ids([ids for ids, _, _ in packed], PAD)
    learnt = pad_ids([list(map(int, learnt)) for _, learnt, _ in packed], 0).bool()
    branch_rows = pad_ids([branch_ids for _, _, branch_ids in packed], OUTSIDE)
    drawn = (learnt & (ids == layout.ids(TokenKind.IMAGE).start)).any(1)
    bare = drawn & torch.from_numpy(rng.random(len(ids)) < _WITHOUT_TEXT)
    ids = torch.where(bare[:, None], checkpoint.model.gpt.mask_texts(ids), ids)
    return ids, learnt, branch_rows
