"""Decoding of audio to mono samples at the rate that a model needs."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from mmbench.errors import ContentError, SampleError
from mmbench.media.encoded import printable_name
from mmbench.media.ffmpeg_sound import Decoded, decode_by_ffmpeg
from mmbench.media.frame_tables import refuse_false_table
from mmbench.media.ogg import links
from mmbench.media.sample_counts import declared_bytes, declared_seconds, has_xing, without_tags
from mmbench.media.streamed import with_length
from mmbench.media.truncation import find_cut, seconds_there
from mmbench.types import Audio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A longer sound is refused: a few bytes can claim to be weeks of silence.
MAX_SECONDS = 24 * 3600
# Samples of all channels: 4 hours of stereo at 48 kHz, a day at 16 kHz.
MAX_SAMPLES = 1_500_000_000
# From 1 GiB of decoded samples on, the limit of samples per byte of a file: Opus at 1 kbit/s.
MANY_SAMPLES, SAMPLES_OF_A_BYTE = 1 << 28, 400

# Start of a MIDI sample dump: libsndfile prints errors in such files to standard output.
_SAMPLE_DUMP = b"\xf0\x7e"

# How much shorter than its header says a whole sound may be: two frames of MP3 at 44.1 kHz. Some
# encoders count the frame that holds the header, and decoders may keep back their last one.
TOLERANCE = 2 * 1152 / 44100
ROUNDING = 0.001


def decode_sound(data: bytes, name: str, rate: int) -> Audio:
    """Return decoded audio: float32 [n], the mean of its channels, at `rate`.

    libsndfile decodes WAV, FLAC, Ogg, Opus, MP3 and more, FFmpeg other files and videos. Samples
    that the encoder added are removed if the file declares them. Resampled by soxr (VHQ). Raises
    ContentError, which names `name`, for data that is not audio, cannot be decoded, is truncated,
    has no samples or samples that are not numbers, lasts more than a day or has more than
    `MAX_SAMPLES` samples, as stored or at `rate`, or many of them in a small file; SampleError if
    the memory runs out.
    """
    name = printable_name(name)
    try:
        return _sound(without_tags(data), name, rate)
    except MemoryError as error:
        raise SampleError(f"{name}: no memory is left to decode it") from error


class _Stream(BytesIO):
    """Bytes in which seeking before the start is ignored, as damaged headers require it.

    Otherwise soundfile's callback would print an error that cannot be caught.
    """

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position and return it; stay if the position is before the start."""
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


class _Limits:
    """Counts decoded samples, to refuse audio before it fills the memory."""

    def __init__(self, name: str, rate: int, stored: int) -> None:
        self._name, self._rate, self._stored = name, rate, stored
        self._seconds, self._samples = 0.0, 0

    def add(self, samples: int, channels: int, rate: int) -> None:
        """Count the samples of each channel. Raises ContentError beyond a limit."""
        self._seconds += samples / rate
        self._samples += samples * channels
        if self._seconds > MAX_SECONDS:
            hours = f"{self._seconds / 3600:.0f}"
            raise ContentError(f"{self._name}: lasts {hours} hours, more than the 24 decoded")
        most = max(self._samples, round(self._seconds * self._rate))
        if most > MAX_SAMPLES:
            raise ContentError(
                f"{self._name}: has {most:,} samples, more than the {MAX_SAMPLES:,} that are"
                " decoded (a decompression bomb?)"
            )
        if most > max(MANY_SAMPLES, SAMPLES_OF_A_BYTE * self._stored):
            raise ContentError(
                f"{self._name}: has {most:,} samples in {self._stored:,} bytes, more than are"
                " decoded (a decompression bomb?)"
            )


def _sound(data: bytes, name: str, rate: int) -> Audio:
    import numpy as np

    decoded = _decoded(data, name, rate)
    _refuse_cut(data, decoded, name)
    if not any(len(samples) for _, samples in decoded.stretches):
        raise ContentError(f"{name}: has no samples")
    if not all(np.isfinite(samples).all() for _, samples in decoded.stretches):
        raise ContentError(f"{name}: has samples that are not numbers")
    mono = [_resampled(samples, stored_rate, rate) for stored_rate, samples in decoded.stretches]
    return Audio(np.concatenate(mono, dtype=np.float32), rate)


def _decoded(data: bytes, name: str, rate: int) -> Decoded:
    """Decode with libsndfile, or with FFmpeg if libsndfile does not read the file."""
    import soundfile

    refused = ""
    try:
        limits = _Limits(name, rate, len(data))
        stretches = [_by_libsndfile(link, limits) for link in links(data)]
        if all(stretch is not None for stretch in stretches):
            return Decoded([one for one in stretches if one is not None], cut=find_cut(data))
    except soundfile.SoundFileError as error:
        refused = _reason(error)
    refuse_false_table(data, name)
    decoded = decode_by_ffmpeg(data, _Limits(name, rate, len(data)).add)
    return decoded._replace(error=_both(refused, decoded.error))


def _by_libsndfile(data: bytes, limits: _Limits) -> tuple[int, NDArray[np.float64]] | None:
    """Return the rate and the samples; None for audio that FFmpeg has to decode.

    These are audio of a length unknown to libsndfile, and MIDI sample dumps. Raises SoundFileError
    for files that libsndfile does not read.
    """
    import numpy as np
    import soundfile

    if data.startswith(_SAMPLE_DUMP):
        return None
    with soundfile.SoundFile(_Stream(with_length(data))) as file:
        if not _is_counted(data, file.format, file.frames):
            return None
        limits.add(file.frames, file.channels, file.samplerate)
        # The number is given, because codecs without seeking (GSM, G.721) need it. Not in
        # parts: soundfile seeks after each, which for an MP3 gives other samples.
        samples = file.read(file.frames, dtype="float32", always_2d=True)
        return file.samplerate, samples.mean(axis=1, dtype=np.float64)


def _is_counted(data: bytes, form: str, frames: int) -> bool:
    """Return whether libsndfile knows the number of samples, and so reads all of them.

    It does not for a FLAC from a pipe, and estimates it from the first frame of an MP3 without a
    header.
    """
    return has_xing(data) if form == "MP3" else frames < 1 << 62


def _both(refused: str, error: str) -> str:
    """Return the error of FFmpeg, with libsndfile's reason before its own."""
    if not refused or not error.startswith(_PREFIX):
        return error
    return f"{_PREFIX}{refused}; {error.removeprefix(_PREFIX)}"


_PREFIX = "cannot be decoded as a sound: "


def _reason(error: Exception) -> str:
    """Return libsndfile's message without the memory address of the bytes."""
    return " ".join(str(error).split()).rpartition(": ")[2].rstrip(".")


def _refuse_cut(data: bytes, decoded: Decoded, name: str) -> None:
    """Raise ContentError for audio shorter than its file declares, or not decoded.

    An error after the last declared sample is ignored: the rest is not audio.
    """
    seconds = decoded.seconds
    reason = _missing(data, decoded)
    if reason and decoded.error and not seconds:
        raise ContentError(f"{name}: {_PREFIX}it is cut short: {reason}")
    if reason:
        raise ContentError(f"{name}: is cut short: {reason}")
    if decoded.error and not _declared(data, decoded):
        raise ContentError(f"{name}: {decoded.error}")


def _missing(data: bytes, decoded: Decoded) -> str:
    """Return how much of the audio exists, in words, if some is missing; else ""."""
    seconds, cut = decoded.seconds, decoded.cut
    if cut is None:
        whole = _declared(data, decoded)
        return seconds_there(seconds, whole) if seconds < whole - _tolerance(data) else ""
    return seconds_there(seconds, seconds / cut.share) if seconds and cut.share else cut.reason


def _tolerance(data: bytes) -> float:
    """Return how many seconds may be missing; for an MP3 with too few bytes only a rounding
    error.
    """
    there, whole = declared_bytes(data) or (0, 0)
    return TOLERANCE if there >= whole else ROUNDING


def _declared(data: bytes, decoded: Decoded) -> float:
    """Return the length that the file declares, in seconds; 0 if it does not."""
    return declared_seconds(data) or decoded.declared_seconds


def _resampled(samples: NDArray[np.float64], stored_rate: int, rate: int) -> NDArray[np.float64]:
    import soxr

    return (
        samples if stored_rate == rate else soxr.resample(samples, stored_rate, rate, quality="VHQ")
    )
