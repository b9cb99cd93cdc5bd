"""Decoding of audio to mono samples at a given sampling rate."""

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

# Longer audio is refused, since a few bytes can encode weeks of silence.
MAX_SECONDS = 24 * 3600
# Samples of all channels together: 4 hours of stereo at 48 kHz, a day of mono at 16 kHz.
MAX_SAMPLES = 1_500_000_000
# From 1 GiB of decoded samples on, the limit of samples per byte of the file (Opus at 1 kbit/s).
MANY_SAMPLES, SAMPLES_OF_A_BYTE = 1 << 28, 400

# Start of a MIDI sample dump. libsndfile prints errors in these files to standard output.
SAMPLE_DUMP = b"\xf0\x7e"

# Seconds by which complete audio may be shorter than its header declares: two frames of MP3 at
# 44.1 kHz. Some encoders count the frame of the header, and decoders may omit the last frame.
TOLERANCE = 2 * 1152 / 44100
ROUNDING = 0.001


def decode_sound(data: bytes, name: str, rate: int) -> Audio:
    """Decode audio to mono, float32 [n] at `rate` Hz; mono is the mean of the channels.

    libsndfile decodes WAV, FLAC, Ogg, Opus, MP3 and other formats; FFmpeg decodes the rest and the
    audio of videos. Samples that the encoder added are removed if the file declares them.
    Resampling is by soxr (VHQ). Raises ContentError, with `name` in its message, if the data is not
    audio, cannot be decoded, is truncated, has no samples or contains NaN or infinity; if it lasts
    more than a day; if it has more than `MAX_SAMPLES` samples before or after resampling; and if it
    has more than `MANY_SAMPLES` samples and also more than `SAMPLES_OF_A_BYTE` samples per byte of
    the file. Raises SampleError if there is not enough memory.
    """
    name = printable_name(name)
    try:
        return _sound(without_tags(data), name, rate)
    except MemoryError as error:
        raise SampleError(f"{name}: not enough memory to decode it") from error


class ByteStream(BytesIO):
    """A byte stream that ignores a seek to a position before its start.

    Damaged headers can cause such a seek. An error inside soundfile's callback would be printed and
    could not be caught.
    """

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position and return it; a position before the start changes nothing."""
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


class _Limits:
    """A counter of decoded samples that stops decoding at limits of duration and memory.

    `rate` is the output sampling rate in Hz, and `stored` the size of the file in bytes.
    """

    def __init__(self, name: str, rate: int, stored: int) -> None:
        self._name, self._rate, self._stored = name, rate, stored
        self._seconds, self._samples = 0.0, 0

    def add(self, samples: int, channels: int, rate: int) -> None:
        """Count `samples` per channel at `rate` Hz. Raises ContentError beyond a limit."""
        self._seconds += samples / rate
        self._samples += samples * channels
        if self._seconds > MAX_SECONDS:
            hours = f"{self._seconds / 3600:.0f}"
            raise ContentError(f"{self._name} lasts {hours} hours, more than the limit of 24")
        most = max(self._samples, round(self._seconds * self._rate))
        if most > MAX_SAMPLES:
            raise ContentError(
                f"{self._name} has {most:,} samples, more than the limit of {MAX_SAMPLES:,}"
                " (a decompression bomb?)"
            )
        if most > max(MANY_SAMPLES, SAMPLES_OF_A_BYTE * self._stored):
            raise ContentError(
                f"{self._name} has {most:,} samples in {self._stored:,} bytes, more than"
                f" {SAMPLES_OF_A_BYTE} per byte (a decompression bomb?)"
            )


def decode_recording(data: bytes, name: str) -> Audio:
    """Decode audio to mono, float32 [n], at the sampling rate of the file.

    If the rate changes within the file, the first rate is used. Raises the errors of
    `decode_sound`.
    """
    name = printable_name(name)
    try:
        return _sound(without_tags(data), name, None)
    except MemoryError as error:
        raise SampleError(f"{name}: not enough memory to decode it") from error


def _sound(data: bytes, name: str, rate: int | None) -> Audio:
    import numpy as np

    decoded = _decoded(data, name, rate or 1)
    _refuse_cut(data, decoded, name)
    if not any(len(samples) for _, samples in decoded.stretches):
        raise ContentError(f"{name} has no audio samples")
    if not all(np.isfinite(samples).all() for _, samples in decoded.stretches):
        raise ContentError(f"{name} has audio samples that are NaN or infinite")
    out = rate or decoded.stretches[0][0]
    mono = [resampled(samples, stored_rate, out) for stored_rate, samples in decoded.stretches]
    return Audio(np.concatenate(mono, dtype=np.float32), out)


def _decoded(data: bytes, name: str, rate: int) -> Decoded:
    """Decode with libsndfile, or with FFmpeg if libsndfile cannot read the file."""
    import soundfile

    refused = ""
    try:
        limits = _Limits(name, rate, len(data))
        stretches = [_by_libsndfile(link, limits) for link in links(data)]
        if all(stretch is not None for stretch in stretches):
            return Decoded([one for one in stretches if one is not None], cut=find_cut(data))
    except soundfile.SoundFileError as error:
        refused = libsndfile_reason(error)
    refuse_false_table(data, name)
    decoded = decode_by_ffmpeg(data, _Limits(name, rate, len(data)).add)
    return decoded._replace(error=_both(refused, decoded.error))


def _by_libsndfile(data: bytes, limits: _Limits) -> tuple[int, NDArray[np.float64]] | None:
    """Decode audio with libsndfile; return its sampling rate and mono samples.

    Return None for audio that FFmpeg has to decode: MIDI sample dumps, and audio whose length is
    unknown to libsndfile. Raises SoundFileError for files that libsndfile cannot read.
    """
    import numpy as np
    import soundfile

    if data.startswith(SAMPLE_DUMP):
        return None
    with soundfile.SoundFile(ByteStream(with_length(data))) as file:
        if not is_counted(data, file.format, file.frames):
            return None
        limits.add(file.frames, file.channels, file.samplerate)
        # Codecs without seeking (GSM, G.721) need the number of frames. Read all at once, since
        # soundfile seeks after each partial read, which changes the samples of an MP3.
        samples = file.read(file.frames, dtype="float32", always_2d=True)
        return file.samplerate, samples.mean(axis=1, dtype=np.float64)


def is_counted(data: bytes, form: str, frames: int) -> bool:
    """Return whether libsndfile knows the exact number of samples.

    It does not know the number for FLAC from a pipe, and for an MP3 without a Xing or Info header
    it estimates the number from the first frame.
    """
    return has_xing(data) if form == "MP3" else frames < 1 << 62


def _both(refused: str, error: str) -> str:
    """Combine the errors of libsndfile (`refused`) and FFmpeg (`error`) in one message."""
    if not refused or not error.startswith(_PREFIX):
        return error
    return f"{_PREFIX}{refused}; {error.removeprefix(_PREFIX)}"


_PREFIX = "cannot be decoded as audio: "


def libsndfile_reason(error: Exception) -> str:
    """Return the message of an error of libsndfile without the memory address in it."""
    return " ".join(str(error).split()).rpartition(": ")[2].rstrip(".")


def _refuse_cut(data: bytes, decoded: Decoded, name: str) -> None:
    """Raise ContentError if audio is shorter than its file declares, or if decoding failed.

    An error after the last declared sample is ignored, since the rest of the file is not audio.
    """
    seconds = decoded.seconds
    reason = _missing(data, decoded)
    if reason and decoded.error and not seconds:
        raise ContentError(f"{name} {_PREFIX}it is truncated ({reason})")
    if reason:
        raise ContentError(f"{name} is truncated: {reason}")
    if decoded.error and not _declared(data, decoded):
        raise ContentError(f"{name} {decoded.error}")


def _missing(data: bytes, decoded: Decoded) -> str:
    """Return "1.5 of 3.0 seconds are present", or "" if the audio is complete."""
    seconds, cut = decoded.seconds, decoded.cut
    if cut is None:
        whole = _declared(data, decoded)
        return seconds_there(seconds, whole) if seconds < whole - _tolerance(data) else ""
    return seconds_there(seconds, seconds / cut.share) if seconds and cut.share else cut.reason


def _tolerance(data: bytes) -> float:
    """Return how many seconds may be missing from complete audio.

    For an MP3 with fewer bytes than it declares, this is only a rounding error.
    """
    there, whole = declared_bytes(data) or (0, 0)
    return TOLERANCE if there >= whole else ROUNDING


def _declared(data: bytes, decoded: Decoded) -> float:
    """Return the duration in seconds that the file declares, or 0 if it declares none."""
    return declared_seconds(data) or decoded.declared_seconds


def resampled(samples: NDArray[np.float64], stored_rate: int, rate: int) -> NDArray[np.float64]:
    """Return samples [n] at another sampling rate, by soxr (VHQ); unchanged at the same rate."""
    import soxr

    return (
        samples if stored_rate == rate else soxr.resample(samples, stored_rate, rate, quality="VHQ")
    )
