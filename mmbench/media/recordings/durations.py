"""Durations of audio files, compared with those that a data set declares."""

from __future__ import annotations

from io import BufferedReader

from mmbench.errors import SampleError
from mmbench.media.containers import default_stream, open_container
from mmbench.media.encoded import printable_name
from mmbench.media.recordings.cutting import OVERSHOOT
from mmbench.media.recordings.opening import open_sound
from mmbench.media.sample_counts import declared_seconds, without_tags
from mmbench.types import Media
from mmbench.validation.regular_files import open_regular

# Containers without a duration; FFmpeg estimates it from the bit rate.
_ESTIMATED = {"mp3", "aac"}


def refuse_other_duration(medium: Media) -> None:
    """Raise SampleError if an audio file is not as long as `medium.seconds` says.

    A difference of half a second is allowed. A file that does not state its duration, or that
    cannot be read, passes: reading it raises the reason.
    """
    if medium.seconds is None:
        return
    try:
        with open_regular(medium.name) as stream:
            seconds = _seconds(stream)
    except OSError as error:
        raise SampleError(f"{printable_name(medium.name)}: cannot be read: {error}") from error
    if seconds is not None and abs(seconds - medium.seconds) > OVERSHOOT:
        raise SampleError(
            f"{printable_name(medium.name)} lasts {seconds:.2f} s, but the data say"
            f" {medium.seconds:.2f} s; correct the duration, or add an offset (0 for the beginning)"
            " to evaluate a part of the file"
        )


def _seconds(stream: BufferedReader) -> float | None:
    sound = open_sound(stream)
    if sound is not None:
        with sound:
            return float(sound.frames / sound.samplerate)
    stream.seek(0)
    data = without_tags(stream.read())
    return declared_seconds(data) or _container_seconds(data)


def _container_seconds(data: bytes) -> float | None:
    """Return the duration of the audio of an M4A, WebM and the like; None if it is unknown."""
    import av

    try:
        with open_container(data) as container:
            audio = default_stream(container.streams.audio)
            if audio is None or container.format.name in _ESTIMATED or not container.duration:
                return None
            return float(container.duration / av.time_base)
    except av.FFmpegError:
        return None
