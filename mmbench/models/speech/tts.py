"""Text-to-speech models of transformers: VITS, SpeechT5, Bark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ContentError, ModelError, SampleError
from mmbench.models.support.arrays import float32_array
from mmbench.models.support.generation import seeded
from mmbench.models.support.library_messages import loading, quiet
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import checkpoint_folder, load_model, load_part, model_type
from mmbench.types import Audio, Modality
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.models.support.library_types import Batch, Network

_AUTO = {"speecht5": "AutoModelForTextToSpectrogram"}  # all others generate a waveform


class Tts(TakesLora):
    """A model that AutoModelForTextToWaveform loads (VITS, Bark), or SpeechT5 with its vocoder.

    Texts are synthesised one at a time with a seed derived from the text, so that the audio of a
    text does not depend on the other texts. SpeechT5 needs `vocoder`, the checkpoint folder of a
    HiFi-GAN, and `speaker`, a .npy file with a speaker embedding (float32 [512]). Bark accepts as
    `speaker` the name of a preset in its folder or a .npz file. If a text is longer than the limit
    of SpeechT5, its sample fails. `lora` is the folder of a LoRA of peft. Raises ModelError if a
    part is missing or the model family does not use a given option.
    """

    modalities: frozenset[Modality] = frozenset({"text"})
    version = 1
    default_checkpoint: str | None = "facebook/mms-tts-eng"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        lora: str | None = None,
        vocoder: str | None = None,
        speaker: str | None = None,
    ) -> None:
        folder = checkpoint_folder(folder, "tts", self.default_checkpoint)
        self._device = device
        kind = model_type(folder)
        auto = _AUTO.get(kind, "AutoModelForTextToWaveform")
        self._model = load_model(folder, device=device, dtype=dtype, auto=auto, lora=lora)
        part = "AutoTokenizer" if kind == "vits" else "AutoProcessor"
        self._processor: Callable[..., Batch] = load_part(folder, part, "tokenizer")
        methods = {"speecht5": self._speecht5, "vits": self._vits}
        self._synthesise: Callable[[Batch], Tensor] = methods.get(kind, self._generate)
        self._rate = _rate(self._model)
        _refuse_unused(folder, kind, vocoder=vocoder, speaker=speaker)
        self._longest = self._model.config.max_text_positions if kind == "speecht5" else None
        self._preset = {"voice_preset": speaker} if kind == "bark" and speaker else {}
        if kind == "speecht5":
            self._voice = _voice(folder, vocoder, speaker, device, dtype)
        elif self._preset:
            with loading(folder, f"speaker {speaker}"):
                self._processor(text="a", **self._preset)

    def speak(self, texts: Sequence[str]) -> list[Audio | SampleError]:
        """Synthesise n texts at the model's sampling rate; return audio or an error for each."""
        return [self._speak_one(text) for text in texts]

    def _speak_one(self, text: str) -> Audio | SampleError:
        import numpy as np
        import torch

        inputs = self._processor(text=text, return_tensors="pt", **self._preset).to(self._device)
        n = inputs["input_ids"].shape[-1]
        if not n or not text.strip():
            return ContentError("the text has nothing to speak")
        if self._longest and n > self._longest:
            return ContentError(
                f"the text has {n} tokens; the limit of the model is {self._longest}"
            )
        seed = int.from_bytes(blake2b(text.encode(), digest_size=4).digest())
        with quiet(), seeded(seed, self._device), torch.inference_mode():
            samples = self._synthesise(inputs)
        return Audio(np.clip(float32_array(samples).reshape(-1), -1, 1), self._rate)

    def _vits(self, inputs: Batch) -> Tensor:
        samples: Tensor = self._model(**inputs).waveform
        return samples

    def _speecht5(self, inputs: Batch) -> Tensor:
        speaker, vocoder = self._voice
        ids = inputs["input_ids"]
        samples: Tensor = self._model.generate_speech(ids, speaker, vocoder=vocoder)
        return samples

    def _generate(self, inputs: Batch) -> Tensor:
        samples: Tensor = self._model.generate(**inputs)
        return samples


def _refuse_unused(folder: Path, kind: str, **options: str | None) -> None:
    """Raise ModelError if an option is given that models of the type `kind` ignore."""
    takes = {"speecht5": ("vocoder", "speaker"), "bark": ("speaker",)}.get(kind, ())
    for name, value in options.items():
        if value is not None and name not in takes:
            raise ModelError(f"checkpoint {folder}: a {kind} model takes no {name}; leave it out")


def _rate(model: Network) -> int:
    """Return the sampling rate in Hz, read from the (generation) configuration of a model."""
    own = getattr(model.config, "sampling_rate", None)
    return int(own or getattr(model.generation_config, "sample_rate", None) or 16_000)


def _voice(
    folder: Path, vocoder: str | None, speaker: str | None, device: str, dtype: str
) -> tuple[Tensor, Network]:
    """Load the speaker embedding [1, d] and the vocoder of SpeechT5.

    Raises ModelError if one of them is not given or cannot be loaded.
    """
    if vocoder is None or speaker is None:
        raise ModelError(
            f"checkpoint {folder} is a SpeechT5 model; pass --model-arg vocoder=FOLDER"
            " and --model-arg speaker=FILE.npy"
        )
    import numpy as np
    import torch

    try:
        with open_regular(speaker) as file:
            values = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"speaker {speaker} is not a .npy file of numbers: {error}") from error
    vector = torch.from_numpy(np.asarray(values, np.float32).reshape(1, -1))
    loaded = load_model(Path(vocoder), device=device, dtype=dtype, auto="SpeechT5HifiGan")
    return vector.to(device, getattr(torch, dtype)), loaded
