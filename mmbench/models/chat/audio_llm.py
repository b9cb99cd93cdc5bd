"""Models of transformers that answer about sounds: Qwen2-Audio, Audio Flamingo, Voxtral ..."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ContentError, SampleError
from mmbench.models.chat.adapters import Asked, Chat
from mmbench.text import count
from mmbench.types import Message, Modality

if TYPE_CHECKING:
    from mmbench.types import DecodedPart

# Seconds. Qwen2-Audio makes a token of 40 ms, and takes the form of its first release, whose code
# fails now, for what it is given where a sound has one token alone.
_SHORTEST = 0.1


class AudioLlm(Chat):
    """Any model that AutoModelForMultimodalLM loads and whose processor takes sounds.

    A sound longer than the encoder's window (30 seconds, Qwen2-Audio) is a failed sample: its
    extractor would cut it without a word. So is one of less than a tenth of a second.
    """

    modalities: frozenset[Modality] = frozenset({"text", "audio"})
    default_checkpoint: str | None = "Qwen/Qwen2-Audio-7B-Instruct"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        template: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(
            folder,
            "AutoModelForMultimodalLM",
            ["feature_extractor"],
            device=device,
            dtype=dtype,
            template=template,
            trust_remote_code=trust_remote_code,
        )
        extractor = self._processor.feature_extractor
        self.rate = int(extractor.sampling_rate)
        self._window = getattr(extractor, "n_samples", None)

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> Asked:
        """A conversation to its text. Raises SampleError for a sound that would be cut.

        Raises ContentError for one that is too short to hear.
        """
        asked = super().prepare(item, modality)
        for samples in asked.sounds:
            if len(samples) < _SHORTEST * self.rate:
                raise ContentError(
                    f"the sound has {count(len(samples), 'sample')}, less than {_SHORTEST} seconds"
                )
            if self._window is not None and len(samples) > self._window:
                seconds = len(samples) / self.rate, self._window / self.rate
                raise SampleError(
                    f"the sound lasts {seconds[0]:.1f} s, and the model hears {seconds[1]:.0f} s"
                )
        return asked
