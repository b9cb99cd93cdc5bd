"""Speech recognition models with a CTC head: wav2vec 2.0, HuBERT, WavLM ..."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.models.support.arrays import process_item
from mmbench.models.support.conversations import only_sound
from mmbench.models.support.groups import map_groups
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import (
    checkpoint_folder,
    load_feature_extractor,
    load_model,
    load_tokenizer,
)
from mmbench.models.support.sounds import frames, refuse_short
from mmbench.types import GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmbench.types import DecodedPart

    Samples = NDArray[np.float32]
    Window = tuple[Samples, slice]  # samples, and the range of their output frames to keep


class Ctc(TakesLora):
    """A speech recogniser of transformers with a CTC head, decoded without a language model.

    CTC is connectionist temporal classification; decoding is greedy. `folder` holds the model, its
    feature extractor and its vocabulary. Instructions in the conversation are ignored. Audio longer
    than `window` seconds is split into windows; neighbouring windows overlap. The first and the
    last `stride` seconds of a window, except at the ends of the audio, are only context for the
    model: their output is dropped, as in the speech recognition pipeline of transformers
    (`chunk_length_s`, `stride_length_s`). Each window is normalised separately. Windows of
    different lengths share a batch only if the model masks padding. `lora` is the folder of a LoRA
    of peft. Raises ModelError if the folder holds another kind of model.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    version = 1
    default_checkpoint: str | None = "facebook/wav2vec2-base-960h"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        lora: str | None = None,
        window: float = 30.0,
        stride: float = 5.0,
    ) -> None:
        import torch

        folder = checkpoint_folder(folder, "ctc", self.default_checkpoint)
        if not 0 <= 2 * stride < window:
            raise ModelError(
                f"model ctc: window {window:g} s does not fit stride {stride:g} s; give a stride of"
                " at least 0 s and a window longer than two strides"
            )
        self._device, self._dtype = device, getattr(torch, dtype)
        self._extractor = load_feature_extractor(folder)
        self._tokenizer = load_tokenizer(folder)
        self._model = load_model(
            folder, device=device, dtype=dtype, auto="AutoModelForCTC", lora=lora
        )
        self._refuse_spectrograms(folder)
        self.rate = int(self._extractor.sampling_rate)
        self._ratio = int(self._model.config.inputs_to_logits_ratio)
        # Multiples of a frame, so that the frames of overlapping windows cover the same samples.
        self._window, self._stride = (
            round(seconds * self.rate / self._ratio) * self._ratio for seconds in (window, stride)
        )

    def _refuse_spectrograms(self, folder: Path) -> None:
        names = self._extractor.model_input_names
        if "input_values" not in names:
            raise ModelError(
                f"checkpoint {folder} is a {self._model.config.model_type} model that takes"
                f" {names[0]}; give a model that takes raw audio (wav2vec2, hubert, wavlm ...)"
            )

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> list[Window]:  # noqa: ARG002
        """Split the audio of a conversation into windows, each normalised by the extractor.

        Raises ContentError for audio shorter than one frame of the model, and SampleError unless
        the conversation has exactly one audio clip.
        """
        samples = only_sound(item).samples
        refuse_short(len(samples), self._model, self._extractor)
        return [(self._scale(piece), counted) for piece, counted in self._windows(samples)]

    def _scale(self, samples: Samples) -> Samples:
        return process_item(self._extractor, samples, sampling_rate=self.rate)["input_values"]

    def write(
        self,
        conversations: Sequence[list[Window]],
        options: GenerationConfig,  # noqa: ARG002
    ) -> list[GeneratedText]:
        """Return the transcripts of n prepared audio clips.

        The token count of a transcript is the number of frames, since each frame gets one label.
        """
        windows = [
            (row, piece, counted)
            for row, pieces in enumerate(conversations)
            for piece, counted in pieces
        ]
        labels_of_windows = self._best_labels([piece for _, piece, _ in windows])
        ids: list[list[int]] = [[] for _ in conversations]
        for (row, _, counted), labels in zip(windows, labels_of_windows, strict=True):
            ids[row] += labels[counted]
        return [self._decode(labels) for labels in ids]

    def _windows(self, samples: Samples) -> Iterator[Window]:
        """Yield overlapping pieces of audio, each with the range of its output frames to keep."""
        if len(samples) <= self._window:
            yield samples, slice(None)
            return
        step, edge = self._window - 2 * self._stride, self._stride // self._ratio
        for start in range(0, len(samples), step):
            piece = samples[start : start + self._window]
            last = start + self._window >= len(samples)
            begin = edge if start else 0
            end = begin + step // self._ratio + (0 if start else edge)
            yield piece, slice(begin, None if last else end)
            if last:
                return

    def _best_labels(self, pieces: list[Samples]) -> list[list[int]]:
        """Return the most likely label of every frame, as one list per piece of audio."""
        if self._masks_padding():
            return self._forward(pieces)
        return map_groups(pieces, len, self._forward)

    def _masks_padding(self) -> bool:
        """Return whether the model ignores padding, so that different lengths can share a batch.

        A model with a group norm in the first layer does not, since this norm averages over padding
        in spite of the mask.
        """
        masks = getattr(self._model.config, "feat_extract_norm", "layer") != "group"
        return masks and self._extractor.return_attention_mask

    def _forward(self, pieces: list[Samples]) -> list[list[int]]:
        import torch

        inputs = self._extractor.pad(
            {"input_values": pieces}, padding=True, return_tensors="pt"
        ).to(self._device)
        inputs["input_values"] = inputs["input_values"].to(self._dtype)
        with torch.inference_mode():
            labels = self._model(**inputs).logits.argmax(dim=-1).cpu()
        return [
            row[: frames(self._model, len(piece))].tolist()
            for row, piece in zip(labels, pieces, strict=True)
        ]

    def _decode(self, ids: list[int]) -> GeneratedText:
        return GeneratedText(self._tokenizer.decode(ids).strip(), tokens=len(ids))
