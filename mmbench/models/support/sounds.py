"""How long a sound must be for a model to hear anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.errors import ContentError
from mmbench.text import count

if TYPE_CHECKING:
    from mmbench.models.support.library_types import AudioFeatureExtractor, Network

# Seconds of two frames of a spectrogram, 25 ms each and 10 ms apart, as Kaldi makes them: of none
# the extractors fail, and one alone has no deviation to be scaled by.
_TWO_FRAMES = 0.035


def frames(model: Network, n: int) -> int:
    """Return how many frames a model of raw sound makes of n samples."""
    import torch

    return int(model._get_feat_extract_output_lengths(torch.tensor(n)))


def refuse_short(n: int, model: Network, extractor: AudioFeatureExtractor) -> None:
    """Raise ContentError where n samples are fewer than the model's first frames take.

    Models that pad every sound to a window (Whisper, CLAP) take any.
    """
    if hasattr(extractor, "num_mel_bins"):
        enough = n >= _TWO_FRAMES * extractor.sampling_rate
    else:
        enough = not hasattr(model, "_get_feat_extract_output_lengths") or frames(model, n) > 0
    if not enough:
        raise ContentError(f"the sound has {count(n, 'sample')}, less than one frame")
