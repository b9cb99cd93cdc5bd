"""The log-mel front end against librosa and Whisper's, and against its definition."""

import math

import numpy as np
import pytest
import torch

from mmbench.reference.architectures.mel import (
    Mel,
    filters,
    hertz_to_mel,
    log_mel,
    mel_power,
    mel_to_hertz,
)

CONFIGS = [
    Mel(),
    Mel(rate=8000, window=200, hop=80),
    Mel.paper_size(),
    Mel(22050, 512, 256, 64, 50, 9000),
]


def noise(n: int, rows: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (rows, n)).astype(np.float32)


@pytest.mark.parametrize("config", CONFIGS)
def test_power_equals_librosas(config: Mel) -> None:
    librosa = pytest.importorskip("librosa")
    sound = noise(5000)[0]
    theirs = librosa.feature.melspectrogram(
        y=sound,
        sr=config.rate,
        n_fft=config.window,
        hop_length=config.hop,
        n_mels=config.bands,
        fmin=config.low,
        fmax=config.top,
    )
    ours = mel_power(torch.from_numpy(sound), config).numpy()
    assert ours.shape == (1 + 5000 // config.hop, config.bands)
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-4, atol=1e-4)


def test_the_logarithm_equals_whispers() -> None:
    transformers = pytest.importorskip("transformers")
    # Whisper mirrors a sound at its ends; 200 silent samples at the begin mirror to silence.
    sound = np.concatenate([np.zeros(200, np.float32), noise(7800)[0], np.zeros(8000, np.float32)])
    extract = transformers.WhisperFeatureExtractor(feature_size=80, chunk_length=1)
    theirs = extract(sound, sampling_rate=16000, return_tensors="np")["input_features"][0]
    ours = log_mel(torch.from_numpy(sound), Mel.paper_size()).numpy()
    np.testing.assert_allclose(ours, theirs.T, atol=1e-4)


def test_one_frame_written_out() -> None:
    config = Mel(rate=1000, window=8, hop=4, bands=2)
    sound = [0.1, -0.4, 0.3, 0.9, -0.2, 0.5, 0.0, 0.7]
    frame = sound  # frame 1 is centred at sample 4 and covers all eight
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * i / 8) for i in range(8)]
    power = []
    for k in range(5):
        at = [2 * math.pi * k * i / 8 for i in range(8)]
        real = sum(f * h * math.cos(a) for f, h, a in zip(frame, hann, at, strict=True))
        imaginary = sum(f * h * math.sin(a) for f, h, a in zip(frame, hann, at, strict=True))
        power.append(real**2 + imaginary**2)
    # Below 1 kHz corners are even in hertz: 0, 166.7, 333.3, 500; bins at 0, 125, 250, 375, 500.
    third, height = 500 / 3, 2 / (1000 / 3)
    first = height * (125 / third * power[1] + (2 * third - 250) / third * power[2])
    second = height * ((250 - third) / third * power[2] + (500 - 375) / third * power[3])
    found = mel_power(torch.tensor(sound), config)[1]
    np.testing.assert_allclose(found.numpy(), [first, second], rtol=1e-5)


def test_mels_and_hertz_are_inverse_and_meet_at_one_kilohertz() -> None:
    hertz = torch.tensor([0.0, 440.0, 1000.0, 6400.0], dtype=torch.float64)
    mels = hertz_to_mel(hertz)
    np.testing.assert_allclose(mels.numpy(), [0, 6.6, 15, 42], atol=1e-9)
    np.testing.assert_allclose(mel_to_hertz(mels).numpy(), hertz.numpy(), atol=1e-9)


def test_every_filter_has_weight() -> None:
    for config in CONFIGS:
        assert (filters(config).sum(1) > 0).all()


def test_a_row_does_not_depend_on_its_batch_and_gain_shifts_it() -> None:
    sounds = torch.from_numpy(noise(4000, 3))
    together = log_mel(sounds, Mel())
    torch.testing.assert_close(together[1:2], log_mel(sounds[1:2], Mel()))
    assert together.shape == (3, 31, 40)
    shift = together - log_mel(sounds / 10, Mel())
    torch.testing.assert_close(shift, torch.full_like(shift, 2 / 4), atol=1e-4, rtol=0)


def test_silence_is_finite() -> None:
    assert torch.equal(log_mel(torch.zeros(1, 1024), Mel()), torch.full((1, 8, 40), -1.5))


@pytest.mark.parametrize("wrong", [{"hop": 0}, {"hop": 300}, {"low": 5000}, {"high": 4001}])
def test_numbers_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"hop|filters"):
        Mel(**wrong)
