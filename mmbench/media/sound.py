"""From the encoded bytes of a sound to its samples, mono, at the rate that a model hears."""

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
# From 1 GiB of decoded samples on, a byte of a file stands for at most so many: Opus at 1 kbit/s.
MANY_SAMPLES, SAMPLES_OF_A_BYTE = 1 << 28, 400

# How a MIDI sample dump begins: libsndfile prints what is wrong with one to the standard output.
_SAMPLE_DUMP = b"\xf0\x7e"

# How much shorter than its header says a whole sound may be: two frames of MP3 at 44.1 kHz. Some
# encoders count the frame that holds the header, and decoders may keep back their last one.
TOLERANCE = 2 * 1152 / 44100
ROUNDING = 0.001


def decode_sound(data: bytes, name: str, rate: int) -> Audio:
    """Return the sound in encoded bytes: float32 [n], the mean of its channels, at `rate`.

    libsndfile decodes WAV, FLAC, Ogg, Opus, MP3 and more, FFmpeg other files and videos. Samples
    that the encoder added are removed where the file tells them. Resampled by soxr (VHQ).
    Raises ContentError, naming `name`, for what is no sound, cannot be decoded, is cut short, has
    no samples, some that are not numbers, lasts more than a day or has more than `MAX_SAMPLES`
    samples, as stored or at `rate`, or many of them in a small file; SampleError when the memory
    runs out.
    """
    name = printable_name(name)
    try:
        return _sound(without_tags(data), name, rate)
    except MemoryError as error:
        raise SampleError(f"{name}: no memory is left to decode it") from error


class _Stream(BytesIO):
    """Bytes in which a place before their start is ignored, as damaged headers name it.

    The error would be printed by soundfile's callback, where nobody can catch it.
    """

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place and return it; stay where the place is before the start."""
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


class _Limits:
    """Counts what is decoded of a sound, so that it can be refused before it fills the memory."""

    def __init__(self, name: str, rate: int, stored: int) -> None:
        self._name, self._rate, self._stored = name, rate, stored
        self._seconds, self._samples = 0.0, 0

    def add(self, samples: int, channels: int, rate: int) -> None:
        """Count so many samples of each channel. Raises ContentError beyond a limit."""
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
    """Decode by libsndfile, or by FFmpeg what that does not read."""
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
    """Return the rate and the samples of a sound; None for what FFmpeg has to decode.

    That is a sound whose length libsndfile does not know, and a MIDI sample dump. Raises
    SoundFileError for what libsndfile does not read.
    """
    import numpy as np
    import soundfile

    if data.startswith(_SAMPLE_DUMP):
        return None
    with soundfile.SoundFile(_Stream(with_length(data))) as file:
        if not _is_counted(data, file.format, file.frames):
            return None
        limits.add(file.frames, file.channels, file.samplerate)
        # The number is told, because a codec in which it cannot seek (GSM, G.721) wants it. Not in
        # parts: soundfile seeks behind each, which for an MP3 gives other samples.
        samples = file.read(file.frames, dtype="float32", always_2d=True)
        return file.samplerate, samples.mean(axis=1, dtype=np.float64)


def _is_counted(data: bytes, form: str, frames: int) -> bool:
    """Return whether libsndfile knows how many samples there are, and so reads all of them.

    It does not of a FLAC from a pipe, and guesses by the first frame of an MP3 without a header.
    """
    return has_xing(data) if form == "MP3" else frames < 1 << 62


def _both(refused: str, error: str) -> str:
    """Return the error of FFmpeg, with that of libsndfile in front of its reason."""
    if not refused or not error.startswith(_PREFIX):
        return error
    return f"{_PREFIX}{refused}; {error.removeprefix(_PREFIX)}"


_PREFIX = "cannot be decoded as a sound: "


def _reason(error: Exception) -> str:
    """Return what libsndfile says, without the address of the bytes in memory."""
    return " ".join(str(error).split()).rpartition(": ")[2].rstrip(".")


def _refuse_cut(data: bytes, decoded: Decoded, name: str) -> None:
    """Raise ContentError for a sound that is shorter than its file says, or was not decoded.

    An error behind the last sample that the file says it has is none: what follows is no sound.
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
    """Return how much of a sound is there, in words, where some of it is missing; else ""."""
    seconds, cut = decoded.seconds, decoded.cut
    if cut is None:
        whole = _declared(data, decoded)
        return seconds_there(seconds, whole) if seconds < whole - _tolerance(data) else ""
    return seconds_there(seconds, seconds / cut.share) if seconds and cut.share else cut.reason


def _tolerance(data: bytes) -> float:
    """Return how many seconds may be missing: of an MP3 with too few bytes, only a rounding."""
    there, whole = declared_bytes(data) or (0, 0)
    return TOLERANCE if there >= whole else ROUNDING


def _declared(data: bytes, decoded: Decoded) -> float:
    """Return how long the sound is by its file, in seconds; 0 where it does not say."""
    return declared_seconds(data) or decoded.declared_seconds


def _resampled(samples: NDArray[np.float64], stored_rate: int, rate: int) -> NDArray[np.float64]:
    import soxr

    return (
        samples if stored_rate == rate else soxr.resample(samples, stored_rate, rate, quality="VHQ")
    )
