"""The encoding of samples as a WAV file."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PCM, _FLOAT = 1, 3  # format codes of WAV


def wav_bytes(samples: NDArray[np.generic], rate: int) -> bytes:
    """Return samples, int16 or float32 [n, channels], as a WAV file.

    libsndfile would add the time of writing to a file of float32 (its chunk PEAK), so that equal
    samples would have different bytes and content keys. Raises ValueError for samples of another
    shape, and for a rate or a size that does not fit the file's header.
    """
    _, channels = samples.shape
    body = samples.astype(samples.dtype.newbyteorder("<"), order="C").tobytes()
    code = _PCM if samples.dtype.kind == "i" else _FLOAT
    width = samples.dtype.itemsize
    block = channels * width
    head = (b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, code, channels, rate, rate * block)
    rest = (block, 8 * width, b"data", len(body))
    try:
        return struct.pack("<4sI4s4sIHHIIHH4sI", *head, *rest) + body
    except struct.error as error:
        raise ValueError(f"no WAV file has {channels} channels at {rate} Hz: {error}") from error
