"""The log-mel spectrogram of the audio models: Hann window, power spectrum, mel filters, log.

The filters are Slaney's (Auditory Toolbox, 1998), as in librosa.feature.melspectrogram, and the
logarithm is scaled as in Whisper (Radford et al. 2022, arXiv 2212.04356, section 2.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

_LEAST = 1e-10
_LINEAR = 200 / 3  # Slaney: hertz per mel below 1 kHz; above it the scale is logarithmic
_BREAK = 1000.0
_FACTOR = math.log(6.4) / 27


@dataclass(frozen=True)
class Mel:
    """Settings of a log-mel spectrogram.

    `rate` is the sampling rate in Hz, `window` and `hop` are in samples, and the filters reach from
    `low` to `high` Hz; a `high` of 0 means half the rate. Raises ValueError for a number below 1,
    a window shorter than the hop, and filters above half the rate.
    """

    rate: int = 8000
    window: int = 256
    hop: int = 128
    bands: int = 40
    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.hop <= self.window or self.bands < 1 or self.rate < 1:
            raise ValueError(f"hop {self.hop} is not from 1 to the window, {self.window}")
        if not 0 <= self.low < self.top <= self.rate / 2:
            raise ValueError(
                f"filters from {self.low} to {self.top} Hz do not fit a rate of {self.rate} Hz"
            )

    @property
    def top(self) -> float:
        """The upper end of the last filter in Hz."""
        return self.high or self.rate / 2

    @classmethod
    def paper_size(cls) -> Mel:
        """Return the settings of Whisper: 16 kHz, windows of 25 ms every 10 ms, 80 bands."""
        return cls(16000, 400, 160, 80)


def hertz_to_mel(hertz: Tensor) -> Tensor:
    """Convert frequencies in Hz, of any shape, to Slaney's mels.

    The scale is linear up to 1 kHz and logarithmic above.
    """
    above = _BREAK / _LINEAR + torch.log(hertz.clamp(min=_BREAK) / _BREAK) / _FACTOR
    return torch.where(hertz < _BREAK, hertz / _LINEAR, above)


def mel_to_hertz(mels: Tensor) -> Tensor:
    """Convert Slaney's mels, of any shape, to frequencies in Hz."""
    above = _BREAK * torch.exp(_FACTOR * (mels - _BREAK / _LINEAR))
    return torch.where(mels < _BREAK / _LINEAR, mels * _LINEAR, above)


@lru_cache(maxsize=8)
def filters(c: Mel) -> Tensor:
    """Return triangular mel filters, float32 [bands, window // 2 + 1], each of area 1 in Hz.

    Peaks are evenly spaced in mels; a filter begins and ends at the peaks of its neighbours.
    """
    ends = hertz_to_mel(torch.tensor([c.low, c.top], dtype=torch.float64))
    steps = torch.linspace(0, 1, c.bands + 2, dtype=torch.float64)
    corners = mel_to_hertz(ends[0] + steps * (ends[1] - ends[0]))
    bins = torch.arange(c.window // 2 + 1, dtype=torch.float64) * c.rate / c.window
    widths = corners.diff()[:, None]
    slopes = corners[:, None] - bins
    up, down = -slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]
    triangles = torch.minimum(up, down).clamp(min=0)
    return (triangles * (2 / (corners[2:] - corners[:-2]))[:, None]).float()


def mel_power(samples: Tensor, c: Mel) -> Tensor:
    """Return the power per frame and mel band, [..., 1 + n // hop, bands].

    `samples` are float32 [..., n]. Frame i is centred at sample i · hop; the audio is padded with
    silence at both ends.
    """
    half = c.window // 2
    frames = F.pad(samples, (half, half)).unfold(-1, c.window, c.hop)
    window = torch.hann_window(c.window, device=samples.device)
    spectrum = torch.fft.rfft(frames * window)
    power = spectrum.real.square() + spectrum.imag.square()
    bands: Tensor = power @ filters(c).T.to(samples.device)
    return bands


def log_mel(samples: Tensor, c: Mel) -> Tensor:
    """Return the log-mel spectrogram [..., n // hop, bands] of samples [..., n] from -1 to 1.

    It is the logarithm to base 10 of the power. Values more than 8 below the maximum of the clip
    are raised to that limit; then all values are shifted and scaled to about -1 to 1.5, as in
    Whisper's `log_mel_spectrogram`.
    """
    decades = mel_power(samples, c)[..., :-1, :].clamp(min=_LEAST).log10()
    highest = decades.amax((-2, -1), keepdim=True)
    scaled: Tensor = (torch.maximum(decades, highest - 8) + 4) / 4
    return scaled
