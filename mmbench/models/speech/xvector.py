"""Speaker verification models of transformers, which embed the voice of a speaker (x-vectors)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ContentError, ModelError
from mmbench.models.support.arrays import Arrays, float32_array, process_item, stack_batch
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import (
    checkpoint_folder,
    load_feature_extractor,
    load_model,
)
from mmbench.models.support.sounds import frames
from mmbench.text import count
from mmbench.types import Audio, Modality, Role

if TYPE_CHECKING:
    from mmbench.types import Array

_FEWEST = 2  # frames; the embedding contains their standard deviation


class XVector(TakesLora):
    """A speaker verification model of transformers: WavLM, UniSpeech-SAT, wav2vec 2.0 ...

    An embedding is the output `embeddings` of AutoModelForAudioXVector, and not its class logits:
    the mean and the standard deviation of the frames after the TDNN layers, projected. `folder`
    holds the model and its feature extractor. Clips are embedded one by one, and whole: the mask of
    the library leaves out the dilation of the TDNN layers, and a model with a group norm in its
    first layer has no mask, so that padding would change the embedding. Silence has an embedding
    like any other clip. `lora` is the folder of a LoRA of peft. Raises ModelError if the folder
    holds another kind of model.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    version = 1
    default_checkpoint: str | None = "microsoft/wavlm-base-plus-sv"

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, lora: str | None = None
    ) -> None:
        folder = checkpoint_folder(folder, "xvector", self.default_checkpoint)
        self._device, self._dtype = device, dtype
        self._extractor = load_feature_extractor(folder)
        if "input_values" not in self._extractor.model_input_names:
            raise ModelError(
                f"checkpoint {folder} takes {self._extractor.model_input_names[0]}; give a speaker"
                " verification model that takes raw audio (wavlm, unispeech-sat, wav2vec2 ...)"
            )
        self._model = load_model(
            folder, device=device, dtype=dtype, auto="AutoModelForAudioXVector", lora=lora
        )
        self.rate = int(self._extractor.sampling_rate)
        config = self._model.config
        self._context = sum(
            (kernel - 1) * dilation
            for kernel, dilation in zip(config.tdnn_kernel, config.tdnn_dilation, strict=True)
        )

    def prepare(self, item: Audio, modality: Modality) -> Arrays:  # noqa: ARG002
        """Return the samples of a clip, normalised by the extractor, float32 [n].

        Raises ContentError for a clip with fewer than two frames after the TDNN layers (a third
        of a second for the published models), because the standard deviation is then not defined.
        """
        n = len(item.samples)
        if frames(self._model, n) - self._context < _FEWEST:
            raise ContentError(
                f"the audio is too short for a speaker embedding ({count(n, 'sample')} at"
                f" {self.rate:,} Hz)"
            )
        arrays = process_item(self._extractor, item.samples, sampling_rate=self.rate)
        return {"input_values": arrays["input_values"]}

    def embed(self, items: Sequence[Arrays], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the embeddings of n prepared clips, float32 [n, d], not normalised."""
        import numpy as np
        import torch

        with torch.inference_mode():
            inputs = (stack_batch([item], self._device, self._dtype) for item in items)
            embeddings = [float32_array(self._model(**one).embeddings) for one in inputs]
        return np.concatenate(embeddings)
