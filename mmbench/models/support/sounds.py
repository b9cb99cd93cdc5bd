"""The shortest sound that a model accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.errors import ContentError
from mmbench.text import count

if TYPE_CHECKING:
    from mmbench.models.support.library_types import AudioFeatureExtractor, Network

# Seconds of two frames of a spectrogram, 25 ms each and 10 ms apart, as in Kaldi: extractors fail
# without a frame, and a single frame has no standard deviation for the scaling.
_TWO_FRAMES = 0.035


def frames(model: Network, n: int) -> int:
    """Return the number of frames that a model of raw sound makes of n samples."""
    import torch

    return int(model._get_feat_extract_output_lengths(torch.tensor(n)))


def refuse_short(n: int, model: Network, extractor: AudioFeatureExtractor) -> None:
    """Raise ContentError if n samples are fewer than the model's first frames need.

    Models that pad every sound to a window (Whisper, CLAP) accept any number.
    """
    if hasattr(extractor, "num_mel_bins"):
        enough = n >= _TWO_FRAMES * extractor.sampling_rate
    else:
        enough = not hasattr(model, "_get_feat_extract_output_lengths") or frames(model, n) > 0
    if not enough:
        raise ContentError(f"the sound has {count(n, 'sample')}, less than one frame")
