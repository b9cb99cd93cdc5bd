"""A check that audio is long enough for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.errors import ContentError
from mmbench.text import count

if TYPE_CHECKING:
    from mmbench.models.support.library_types import AudioFeatureExtractor, Network

# Seconds of two spectrogram frames, 25 ms each and 10 ms apart, as in Kaldi. Extractors fail if
# there is no frame, and a single frame has no standard deviation for normalisation.
_TWO_FRAMES = 0.035


def frames(model: Network, n: int) -> int:
    """Return the number of output frames of a model of raw audio for n audio samples."""
    import torch

    return int(model._get_feat_extract_output_lengths(torch.tensor(n)))


def refuse_short(n: int, model: Network, extractor: AudioFeatureExtractor) -> None:
    """Raise ContentError if audio of n samples is too short for the model.

    Models that pad audio to a fixed window (Whisper, CLAP) accept any number of samples.
    """
    if hasattr(extractor, "num_mel_bins"):
        enough = n >= _TWO_FRAMES * extractor.sampling_rate
    else:
        enough = not hasattr(model, "_get_feat_extract_output_lengths") or frames(model, n) > 0
    if not enough:
        raise ContentError(f"the audio is too short for the model ({count(n, 'sample')})")
