"""Cutting of a part out of a recording, as WAV.

libsndfile seeks to the part, and only the part is decoded. The samples equal those of the whole
recording bit for bit. Recordings that libsndfile cannot read (M4A, WebM) or in which it cannot seek
to the exact sample (MP3, GSM, chained Ogg) are decoded as a whole, once for all of their parts.
"""

from __future__ import annotations

from io import BufferedReader
from typing import TYPE_CHECKING

from mmbench.media.recordings.opening import decode_whole, open_sound
from mmbench.media.recordings.wav import wav_bytes
from mmbench.media.sound import libsndfile_reason
from mmbench.media.truncation import seconds_there
from mmbench.types import PlaceInFile

if TYPE_CHECKING:
    import numpy as np
    import soundfile
    from numpy.typing import NDArray

# A part may end this many seconds after the recording and is then shortened: the default of
# `--max-overshoot` in Kaldi's featbin/extract-segments.cc.
OVERSHOOT = 0.5
MOST_BYTES = 1 << 31  # of a part
_SHORT = {"PCM_16", "PCM_U8", "PCM_S8", "ULAW", "ALAW"}  # encodings whose samples fit 16 bits


def cut(stream: BufferedReader, place: PlaceInFile, name: str, most: int = MOST_BYTES) -> bytes:
    """Return a part of a recording as WAV at its sampling rate, with its channels or one of them.

    `stream` is the open file, and `name` its name for messages. Times are rounded to the nearest
    sample. The samples are integers of 16 bits if those of the recording fit them, otherwise
    float32. Raises ContentError and SampleError for a recording that cannot be decoded, and
    ValueError for a part that is not within the recording, for a channel that it lacks, and for
    more than `most` bytes.
    """
    sound = open_sound(stream)
    if sound is None:
        return _cut_whole(stream, place, name)
    with sound:
        first, last = _range(place, sound.frames, sound.samplerate)
        channels = _channels(place, sound.channels)
        dtype = "int16" if sound.subtype in _SHORT else "float32"
        if (last - first) * sound.channels * int(dtype[-2:]) // 8 > most:
            raise ValueError(f"the part has more than {most:,} bytes")
        samples = _read(sound, first, last, dtype)
        return wav_bytes(samples[:, channels], sound.samplerate)


def _read(sound: soundfile.SoundFile, first: int, last: int, dtype: str) -> NDArray[np.generic]:
    """Return the samples from `first` up to `last`, [n, channels]. Raises ValueError."""
    import soundfile

    try:
        sound.seek(first)
        samples: NDArray[np.generic] = sound.read(last - first, dtype=dtype, always_2d=True)
    except soundfile.SoundFileError as error:
        raise ValueError(f"its samples cannot be decoded: {libsndfile_reason(error)}") from error
    if len(samples) < last - first:
        rate = sound.samplerate
        there = seconds_there(len(samples) / rate, (last - first) / rate)
        raise ValueError(f"the recording is truncated: {there}")
    return samples


def _cut_whole(stream: BufferedReader, place: PlaceInFile, name: str) -> bytes:
    if place.channel is not None:
        raise ValueError("no single channel is read from this format; convert it to WAV")
    audio = decode_whole(stream, name)
    first, last = _range(place, len(audio.samples), audio.rate)
    return wav_bytes(audio.samples[first:last, None], audio.rate)


def _channels(place: PlaceInFile, channels: int) -> slice:
    """Return the channels of a part. Raises ValueError for a channel that does not exist."""
    if place.channel is None:
        return slice(None)
    if place.channel >= channels:
        raise ValueError(f"no channel {place.channel}; the channels are 0 to {channels - 1}")
    return slice(place.channel, place.channel + 1)


def _range(place: PlaceInFile, frames: int, rate: int) -> tuple[int, int]:
    """Return the first sample of a part and the sample after its last one. Raises ValueError."""
    start = place.start or 0.0
    first = round(start * rate)
    last = frames if place.seconds is None else round((start + place.seconds) * rate)
    if first >= frames or last > frames + OVERSHOOT * rate:
        raise ValueError(f"the part is not within the recording, which lasts {frames / rate:.2f} s")
    if last <= first:
        raise ValueError("the part has no samples")
    return first, min(last, frames)
