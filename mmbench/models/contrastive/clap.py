"""CLAP in transformers: sounds and texts in one space."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.models.contrastive.dual_encoder import DualEncoder
from mmbench.models.support.pretrained import checkpoint_folder, load_feature_extractor
from mmbench.types import Audio, Modality, Role

if TYPE_CHECKING:
    from mmbench.models.support.arrays import Arrays
    from mmbench.types import Array


class Clap:
    """ClapModel, with or without fusion; `folder` as `save_pretrained` writes it.

    The extractor takes a random part of a sound that is longer than its window (10 seconds). Here
    the part is a function of the sound: without fusion it is the middle; with fusion the three
    parts are drawn from the seed 0 for every sound. Raises ModelError if the folder is not such a
    model.
    """

    modalities: frozenset[Modality] = frozenset({"audio", "text"})
    version = 1
    default_checkpoint: str | None = "laion/clap-htsat-unfused"

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        folder = checkpoint_folder(folder, "clap", self.default_checkpoint)
        self._encoder = DualEncoder(
            folder, "audio", "clap needs a CLAP", device=device, dtype=dtype
        )
        self._extractor = load_feature_extractor(folder)
        self.rate = int(self._extractor.sampling_rate)
        self._window = int(self._extractor.nb_max_samples)
        self._fused = bool(self._encoder.model.config.audio_config.enable_fusion)
        self._lock = threading.Lock()

    def prepare(self, item: str | Audio, modality: Modality) -> list[int] | Arrays:  # noqa: ARG002
        """Return token ids of a text, and of a sound `input_features` float32 and `is_longer`."""
        return self._encoder.ids(item) if isinstance(item, str) else self._features(item)

    def _features(self, sound: Audio) -> Arrays:
        import numpy as np

        samples = sound.samples
        if not self._fused and len(samples) > self._window:
            start = (len(samples) - self._window) // 2
            samples = samples[start : start + self._window]
        with self._lock:  # numpy's random state is one for all threads
            state = np.random.get_state()
            np.random.seed(0)
            features = self._extractor(samples, sampling_rate=sound.rate, return_tensors="np")
            np.random.set_state(state)
        return {
            "input_features": np.asarray(features["input_features"][0], np.float32),
            "is_longer": np.asarray(features["is_longer"]).reshape(-1)[:1],
        }

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the features of n prepared items, float32 [n, d]."""
        return self._encoder.embed(items, modality)
