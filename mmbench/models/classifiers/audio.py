"""Sound classifiers of transformers, of one label or several: AST, wav2vec 2.0, HuBERT ..."""

from __future__ import annotations

from pathlib import Path

from mmbench.models.classifiers.classifier import Classifier
from mmbench.models.support.arrays import Arrays, arrays_of
from mmbench.models.support.pretrained import load_feature_extractor
from mmbench.models.support.sounds import refuse_short
from mmbench.types import Modality, Sound


class AudioClassifier(Classifier):
    """Any model that AutoModelForAudioClassification loads; sounds by its own feature extractor.

    Models with a window (AST: 1,024 frames, 10 seconds) get a sound cut or padded to it, as their
    extractor does; others hear it as a whole.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    default_checkpoint: str | None = "MIT/ast-finetuned-audioset-10-10-0.4593"

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        super().__init__(folder, "AutoModelForAudioClassification", device=device, dtype=dtype)
        assert folder is not None  # Classifier refuses it
        self._extractor = load_feature_extractor(folder)
        self.rate = int(self._extractor.sampling_rate)

    def prepare(self, item: Sound, modality: Modality) -> Arrays:  # noqa: ARG002
        """A sound to what the model takes: a spectrogram or samples, float32.

        Raises ContentError for a sound shorter than the model's first frame.
        """
        refuse_short(len(item.samples), self._model, self._extractor)
        made = arrays_of(self._extractor, item.samples, sampling_rate=item.rate)
        # A sound is alone in its forward or among others of its length: there is nothing to mask.
        return {name: values for name, values in made.items() if name != "attention_mask"}
