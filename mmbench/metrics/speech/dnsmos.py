"""DNSMOS of an audio clip, computed by the package speechmos for all four heads at once."""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import ContentError, MissingExtra, SampleError
from mmbench.media import read_bytes
from mmbench.types import Media

RATE = 16_000
NEEDED = ("speechmos", "librosa", "onnxruntime", "requests")

# Digest of a clip's bytes -> score by head, so that four metrics need one pass.
_scores_by_digest: dict[bytes, dict[str, float]] = {}


def package_signature() -> str:
    """Return `speechmos=VERSION` for signatures. Raises MissingExtra if a package is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtra("DNSMOS", " and ".join(missing), "mmbench[mos]")
    return f"speechmos={version('speechmos')}"


def heads(clip: Media, sample: str) -> dict[str, float]:
    """Return the scores of a clip by head: ovrl, sig, bak, p808.

    Raises SampleError, with the id of the sample, for a clip that cannot be read or decoded.
    """
    try:
        data = read_bytes(clip)
        digest = blake2b(data, digest_size=16).digest()
        if digest not in _scores_by_digest:
            _scores_by_digest[digest] = _predicted_scores(_decode(data, clip.name))
    except SampleError as error:
        raise type(error)(f"sample {sample}: {error}") from error
    return _scores_by_digest[digest]


def _decode(data: bytes, name: str) -> NDArray[np.float32]:
    """Return mono samples [n] float32 at 16 kHz, decoded as speechmos decodes a file."""
    import librosa
    import soundfile

    try:
        samples, _ = librosa.load(BytesIO(data), sr=RATE)
    except soundfile.SoundFileError as error:
        reason = " ".join(str(error).split())
        raise ContentError(f"{name} cannot be decoded as audio: {reason}") from error
    if not len(samples) or not np.isfinite(samples).all():
        raise ContentError(f"{name} has no samples, or samples that are not finite numbers")
    return np.asarray(samples, np.float32)


def _predicted_scores(samples: NDArray[np.float32]) -> dict[str, float]:
    """Return the score of each head.

    The samples are written to a file for the package, because it refuses arrays with values outside
    [-1, 1], which resampling can produce.
    """
    import soundfile
    from speechmos import dnsmos

    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.wav"
        soundfile.write(path, samples, RATE, subtype="FLOAT")
        scores: dict[str, Any] = dnsmos.run(str(path), RATE)
    return {
        name.removesuffix("_mos"): float(scores[name]) for name in scores if name.endswith("_mos")
    }
