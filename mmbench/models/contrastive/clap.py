"""CLAP models of transformers, which embed audio and texts in a shared space."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.models.contrastive.dual_encoder import DualEncoder
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import checkpoint_folder, load_feature_extractor
from mmbench.types import Audio, Modality, Role

if TYPE_CHECKING:
    from mmbench.models.support.arrays import Arrays
    from mmbench.types import Array


class Clap(TakesLora):
    """A CLAP model (ClapModel of transformers), with or without fusion.

    `folder` is a checkpoint folder written by `save_pretrained`. From audio longer than its window
    (10 seconds), the feature extractor takes random crops. Here the crops are deterministic:
    without fusion, the middle of the clip; with fusion, three crops drawn with seed 0 for every
    clip. `lora` is the folder of a LoRA of peft. Raises ModelError if the folder does not hold a
    CLAP model.
    """

    modalities: frozenset[Modality] = frozenset({"audio", "text"})
    version = 1
    default_checkpoint: str | None = "laion/clap-htsat-unfused"

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, lora: str | None = None
    ) -> None:
        folder = checkpoint_folder(folder, "clap", self.default_checkpoint)
        self._encoder = DualEncoder(
            folder, "audio", "clap needs a CLAP model", device=device, dtype=dtype, lora=lora
        )
        self._extractor = load_feature_extractor(folder)
        self.rate = int(self._extractor.sampling_rate)
        self._window = int(self._extractor.nb_max_samples)
        self._fused = bool(self._encoder.model.config.audio_config.enable_fusion)
        self._lock = threading.Lock()

    def prepare(self, item: str | Audio, modality: Modality) -> list[int] | Arrays:  # noqa: ARG002
        """Return the model inputs of a text or an audio clip.

        A text becomes its token ids. Audio becomes `input_features`, float32, and `is_longer`.
        """
        return self._encoder.ids(item) if isinstance(item, str) else self._features(item)

    def _features(self, sound: Audio) -> Arrays:
        import numpy as np

        samples = sound.samples
        if not self._fused and len(samples) > self._window:
            start = (len(samples) - self._window) // 2
            samples = samples[start : start + self._window]
        with self._lock:  # all threads share numpy's random state
            state = np.random.get_state()
            np.random.seed(0)
            features = self._extractor(samples, sampling_rate=sound.rate, return_tensors="np")
            np.random.set_state(state)
        return {
            "input_features": np.asarray(features["input_features"][0], np.float32),
            "is_longer": np.asarray(features["is_longer"]).reshape(-1)[:1],
        }

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the embeddings of n prepared items, float32 [n, d]."""
        return self._encoder.embed(items, modality)
