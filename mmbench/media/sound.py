"""From the encoded bytes of a sound to its samples, mono, at the rate that a model hears."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from mmbench.errors import ContentError
from mmbench.media.encoded import shown
from mmbench.types import Sound

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_SECONDS = 24 * 3600  # a longer sound is refused: a few bytes can claim to be weeks of silence


def decode_sound(data: bytes, name: str, rate: int) -> Sound:
    """The sound in encoded bytes: float32 [n], the mean of its channels, resampled to `rate`.

    WAV, FLAC, Ogg, Opus, MP3 and what else libsndfile reads; of other files, and of videos, the
    first audio stream by FFmpeg. Resampled by soxr at its highest quality. Raises ContentError,
    naming `name`, for what is no sound, cannot be decoded, has no samples, some that are not
    numbers, or lasts more than a day.
    """
    import numpy as np
    import soxr

    name = shown(name)
    samples, given = _read(data, name)
    if not len(samples):
        raise ContentError(f"{name}: has no samples")
    mono = samples.mean(axis=1, dtype=np.float64) if samples.ndim > 1 else samples
    if not np.isfinite(mono).all():
        raise ContentError(f"{name}: has samples that are not numbers")
    if given != rate:
        mono = soxr.resample(mono, given, rate, quality="VHQ")
    return Sound(np.ascontiguousarray(mono, np.float32), rate)


def _read(data: bytes, name: str) -> tuple[NDArray[Any], int]:
    import soundfile

    try:
        with soundfile.SoundFile(BytesIO(data)) as file:
            _refuse_endless(file.frames / file.samplerate, name)
            return file.read(dtype="float32", always_2d=True), file.samplerate
    except soundfile.SoundFileError as error:
        return _by_ffmpeg(data, name, _reason(error))


def _reason(error: Exception) -> str:
    """What libsndfile says, without the address of the bytes in memory."""
    return " ".join(str(error).split()).rpartition(": ")[2].rstrip(".")


def _refuse_endless(seconds: float, name: str) -> None:
    if seconds > MAX_SECONDS:
        raise ContentError(f"{name}: lasts {seconds / 3600:.0f} hours, more than the 24 decoded")


def _by_ffmpeg(data: bytes, name: str, refused: str) -> tuple[NDArray[Any], int]:
    """What libsndfile does not read: m4a, webm, the sound of a video."""
    import av
    import numpy as np

    try:
        with av.open(BytesIO(data), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise ContentError(f"{name}: has no audio stream")
            if container.streams.audio[0].codec_context is None:
                raise ContentError(f"{name}: its audio stream is of no known codec")
            rate = container.streams.audio[0].rate
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
            chunks, total = [], 0
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    chunks.append(part.to_ndarray()[0])
                    total += len(chunks[-1])
                _refuse_endless(total / rate, name)
    except av.FFmpegError as error:
        reason = f"{refused}; {error.strerror}" if refused else error.strerror
        raise ContentError(f"{name}: cannot be decoded as a sound: {reason}") from error
    return (np.concatenate(chunks) if chunks else np.empty(0, np.float32)), rate
