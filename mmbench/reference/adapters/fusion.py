"""The adapter of the reference fusion classifier, which finds the differing input of three."""

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
    """Pixels [3, size, size], log-mel spectrogram [t, bands], both float32, and sentence ids."""

    pixels: Array
    mel: Array
    ids: list[int]


class FusionNano(NanoModel):
    """The reference fusion classifier.

    A conversation has one image, one audio clip and one text. The first line of the text is the
    sentence; the question after it is always the same and is ignored. Log-probabilities exist only
    for the texts of the classes. Audio is processed as a whole at `rate` Hz.
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
        """Return the inputs of the three encoders; the sentence is truncated to the context.

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
        """Return each text's log-probability as the answer, and 1 as token count, float32 [n, 2].

        Case and a final full stop are ignored. The log-probability is NaN for a text that is not a
        class.
        """
        columns = [self._columns.get(_normalise_text(text), -1) for text in texts]
        scores = self._log_probabilities(conversations)[np.arange(len(texts)), columns]
        return np.stack([scores, np.ones_like(scores)], axis=1)

    def _log_probabilities(self, trios: Sequence[FusionInputs]) -> Array:
        """Return log-probabilities of all classes and a last column of NaN, [n, classes + 1]."""
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
