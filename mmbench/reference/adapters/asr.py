"""The adapter of the reference speech recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.models.support.conversations import only_sound
from mmbench.reference.adapters.support import NanoModel, spectrogram
from mmbench.types import GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedSpeech
    from mmbench.types import DecodedPart


class AsrNano(NanoModel):
    """The reference speech recogniser.

    It transcribes one audio clip, sampled at `rate` Hz, by greedy CTC decoding: it takes the most
    likely label of each 20 ms frame, then merges repeated labels and drops blanks. Instructions in
    the conversation are ignored.
    """

    name = "asr-nano"
    _checkpoint: TrainedSpeech
    modalities: frozenset[Modality] = frozenset({"audio"})

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        super().__init__(folder, device=device, dtype=dtype)
        self._mel = self._checkpoint.model.config.mel
        self.rate = self._mel.rate

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> Tensor:  # noqa: ARG002
        """Return the log-mel spectrogram of a conversation's audio, float32 [t, bands].

        Audio shorter than one frame is padded with silence.
        """
        import torch

        return torch.from_numpy(spectrogram(only_sound(item), self._mel, self._mel.hop))

    def write(
        self,
        conversations: Sequence[Tensor],
        options: GenerationConfig,  # noqa: ARG002
    ) -> list[GeneratedText]:
        """Return the transcripts of n prepared audio clips; each letter counts as a token."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        from mmbench.reference.architectures.speech import decode_labels, feature_lengths

        frames = torch.tensor([len(mel) for mel in conversations])
        mel = pad_sequence(list(conversations), batch_first=True).to(self._device, self._dtype)
        with torch.inference_mode():
            best = self._checkpoint.model(mel, frames.to(self._device)).argmax(-1).cpu()
        lengths = feature_lengths(frames)
        texts = [
            decode_labels(row[:length].tolist(), self._checkpoint.alphabet).strip()
            for row, length in zip(best, lengths, strict=True)
        ]
        return [GeneratedText(text, tokens=len(text)) for text in texts]
