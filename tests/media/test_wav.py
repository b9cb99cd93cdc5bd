"""A WAV file has the samples, and the same bytes whenever it is written."""

from io import BytesIO

import numpy as np
import pytest
import soundfile

from mmbench.media.recordings.wav import wav_bytes


@pytest.mark.parametrize("dtype", ["int16", "float32"])
@pytest.mark.parametrize("shape", [(0, 1), (5, 1), (4, 3)])
def test_libsndfile_reads_the_samples(dtype: str, shape: tuple[int, int]) -> None:
    samples = (np.random.default_rng(0).uniform(-1, 1, shape) * 100).astype(dtype)
    found, rate = soundfile.read(BytesIO(wav_bytes(samples, 16000)), dtype=dtype, always_2d=True)
    assert rate == 16000
    assert found.tobytes() == samples.tobytes()


def test_the_bytes_have_no_time_of_writing() -> None:
    samples = np.ones((4, 1), np.float32)
    head = len(wav_bytes(samples, 8000)) - samples.nbytes
    assert head == 44  # the chunks RIFF, fmt and data
    assert b"PEAK" not in wav_bytes(samples, 8000)


@pytest.mark.parametrize(("shape", "rate"), [((4,), 8000), ((4, 1), -1), ((4, 1), 1 << 40)])
def test_what_no_header_can_say_is_an_error(shape: tuple[int, ...], rate: int) -> None:
    with pytest.raises(ValueError, match=r"not enough values|no WAV file has 1 channels"):
        wav_bytes(np.zeros(shape, np.float32), rate)
