"""The reference speech recogniser: one sound to its text."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.models.support.conversations import only_sound
from mmbench.reference.adapters.support import spectrogram
from mmbench.types import Generation, Message, Modality, Written

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.types import DecodedPart


class AsrNano:
    """Loads a folder that `mmbench train asr-nano` wrote; by default the packaged one.

    It takes no instruction, and writes the likeliest letter of each 20 ms of one sound, heard at
    `rate` samples a second. `device` is cpu, cuda or cuda:N; `dtype` is float32, bfloat16 or
    float16. Raises ModelError when the folder is not such a checkpoint.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    version = 1
    default_checkpoint: str | None = str(files("mmbench.reference") / "weights" / "asr-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        import torch

        from mmbench.reference.checkpoints.families import SpeechSpecimen
        from mmbench.reference.checkpoints.folder import read_checkpoint

        checkpoint = read_checkpoint(Path(folder or str(self.default_checkpoint)), SpeechSpecimen)
        self._alphabet, self._mel = checkpoint.alphabet, checkpoint.model.config.mel
        self.rate = self._mel.rate
        self._device, self._dtype = device, getattr(torch, dtype)
        self._model = checkpoint.model.to(device, self._dtype)

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> Tensor:  # noqa: ARG002
        """A conversation to the log-mel of its sound, float32 [t, bands].

        A sound shorter than one frame is followed by silence.
        """
        import torch

        return torch.from_numpy(spectrogram(only_sound(item), self._mel, self._mel.hop))

    def write(self, conversations: Sequence[Tensor], options: Generation) -> list[Written]:  # noqa: ARG002
        """What is said in n prepared sounds; tokens are letters."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        from mmbench.reference.architectures.speech import read_off, shortened

        frames = torch.tensor([len(mel) for mel in conversations])
        mel = pad_sequence(list(conversations), batch_first=True).to(self._device, self._dtype)
        with torch.inference_mode():
            best = self._model(mel, frames.to(self._device)).argmax(-1).cpu()
        lengths = shortened(frames)
        texts = [
            read_off(row[:length].tolist(), self._alphabet).strip()
            for row, length in zip(best, lengths, strict=True)
        ]
        return [Written(text, tokens=len(text)) for text in texts]
