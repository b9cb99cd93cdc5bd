"""The adapter of the reference fusion classifier.

The classifier tells which of an image, an audio clip and a sentence shows a different number than
the other two, or that all three numbers agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mmbench.errors import SampleError
from mmbench.models.support.conversations import split_parts
from mmbench.models.support.groups import group_by
from mmbench.reference.adapters.support import NanoModel, normalise_image, spectrogram
from mmbench.types import Message, Modality

if TYPE_CHECKING:
    from mmbench.reference.checkpoints.families import TrainedFusion
    from mmbench.types import Array, DecodedPart


class FusionInputs(NamedTuple):
    """The model inputs of one conversation.

    `pixels` are float32 [3, size, size], `mel` is a log-mel spectrogram, float32 [t, bands], and
    `ids` are the token ids of the sentence.
    """

    pixels: Array
    mel: Array
    ids: list[int]


class FusionNano(NanoModel):
    """The reference fusion classifier.

    A conversation has one image, one audio clip and one text. The first line of the text is the
    sentence; the question after it is always the same and is ignored. The model gives
    log-probabilities of its class names, but generates no text. A clip of any length is processed
    in one pass, at a sampling rate of `rate` Hz.
    """

    name = "fusion-nano"
    _checkpoint: TrainedFusion
    modalities: frozenset[Modality] = frozenset({"text", "image", "audio"})

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        super().__init__(folder, device=device, dtype=dtype)
        labels, self._config = self._checkpoint.labels, self._checkpoint.model.config
        self._columns = {_normalise_text(text): column for column, text in enumerate(labels)}
        self.rate = self._config.mel.rate

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> FusionInputs:  # noqa: ARG002
        """Return the inputs of the three encoders.

        The token ids of the sentence are truncated to the context length.

        Raises SampleError unless the conversation has exactly one image, audio clip and text.
        """
        texts, images, videos, sounds = split_parts(item)
        if videos or not len(texts) == len(sounds) == len(images) == 1:
            total = sum(len(turn.parts) for turn in item)
            raise SampleError(
                "fusion-nano takes one image, one audio clip and one text; this conversation has"
                f" {len(images)}, {len(sounds)} and {len(texts)} among {total} parts"
            )
        checkpoint, config = self._checkpoint, self._config
        return FusionInputs(
            normalise_image(images[0], config.image_size, checkpoint.mean, checkpoint.std),
            spectrogram(sounds[0], config.mel, config.sounds.stride * config.mel.hop),
            checkpoint.words.encode(texts[0].strip().split("\n")[0], config.context),
        )

    def loglikelihood(self, conversations: Sequence[FusionInputs], texts: Sequence[str]) -> Array:
        """Return each text's log-probability as the answer, and its token count, float32 [n, 2].

        Each text belongs to the conversation at its index; the token count is always 1. The
        log-probability is NaN if the text is no class name. Texts and class names are compared
        without regard to case and a final full stop.
        """
        columns = [self._columns.get(_normalise_text(text), -1) for text in texts]
        scores = self._log_probabilities(conversations)[np.arange(len(texts)), columns]
        return np.stack([scores, np.ones_like(scores)], axis=1)

    def _log_probabilities(self, trios: Sequence[FusionInputs]) -> Array:
        """Return the log-probabilities of all classes for n inputs, [n, classes + 1].

        The last column is NaN; it serves texts that are no class name.
        """
        shares = np.full((len(trios), self._config.classes + 1), np.nan, np.float32)
        for rows in group_by(trios, lambda trio: len(trio.mel)):
            shares[rows, :-1] = self._forward([trios[row] for row in rows])
        return shares

    def _forward(self, trios: Sequence[FusionInputs]) -> Array:
        import torch

        images, mel = (self._stack(rows) for rows in list(zip(*trios, strict=True))[:2])
        tokens = self._pad([trio.ids for trio in trios])
        with torch.inference_mode():
            logits = self._checkpoint.model(images, mel, tokens)
            shares: Array = logits.log_softmax(-1).cpu().numpy()
        return shares


def _normalise_text(text: str) -> str:
    return text.strip().removesuffix(".").casefold()
