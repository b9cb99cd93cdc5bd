"""Recordings opened for reading of parts, and recordings that have to be decoded as a whole."""

from __future__ import annotations

import os
from io import BufferedReader
from threading import Lock
from typing import TYPE_CHECKING

from mmbench.media.ogg import links
from mmbench.media.sample_counts import without_tags
from mmbench.media.sound import SAMPLE_DUMP, ByteStream, decode_recording, is_counted
from mmbench.media.streamed import with_length
from mmbench.types import Audio

if TYPE_CHECKING:
    import soundfile

_HEAD = 1 << 16  # bytes in which the header of WAV and similar formats is expected
# WAV, RF64, W64, AIFF, CAF, AU, SPHERE and FLAC, which libsndfile reads from a file of any size.
_IN_PLACE = (b"RIFF", b"RF64", b"riff", b"FORM", b"caff", b".snd", b"NIST", b"fLaC")
_MOST_BYTES = 1 << 30  # of decoded recordings that are kept; the last one is kept in any case

_Identity = tuple[int, int, int, int]
_decoded: dict[_Identity, Audio] = {}
_lock = Lock()


def open_sound(stream: BufferedReader) -> soundfile.SoundFile | None:
    """Open a recording with libsndfile; the caller closes it before the stream.

    Return None if libsndfile cannot read it, does not know its length, or cannot seek to an exact
    sample. In an MP3, a seek of libsndfile 1.2.2 may end up to a frame away from its target.
    """
    import soundfile

    try:
        sound, head = _in_place(stream) or _in_memory(stream)
    except soundfile.SoundFileError:
        return None  # decoding of the whole file raises the reason
    if sound is None or _is_exact(sound, head):
        return sound
    sound.close()
    return None


def _is_exact(sound: soundfile.SoundFile, head: bytes) -> bool:
    if sound.format == "MP3" or not sound.seekable():
        return False
    return is_counted(head, sound.format, sound.frames)


def _in_place(stream: BufferedReader) -> tuple[soundfile.SoundFile, bytes] | None:
    """Open a file that is not read as a whole, and return its beginning, too.

    Return None if its format, or a length missing from its header, needs the whole file.
    """
    import soundfile

    head = os.pread(stream.fileno(), _HEAD, 0)
    if not head.startswith(_IN_PLACE) or with_length(head) != head:
        return None
    os.lseek(stream.fileno(), 0, os.SEEK_SET)
    return soundfile.SoundFile(stream.fileno(), closefd=False), head


def _in_memory(stream: BufferedReader) -> tuple[soundfile.SoundFile | None, bytes]:
    import soundfile

    data = without_tags(_all_bytes(stream))
    if len(links(data)) > 1 or data.startswith(SAMPLE_DUMP):
        return None, data
    return soundfile.SoundFile(ByteStream(with_length(data))), data


def decode_whole(stream: BufferedReader, name: str) -> Audio:
    """Return a whole recording, mono at its sampling rate.

    The recordings decoded last are kept, so that all parts of a recording need one decoding. Raises
    the errors of `decode_recording`.
    """
    state = os.fstat(stream.fileno())
    identity = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    with _lock:
        audio = _decoded.pop(identity, None)
        audio = audio or decode_recording(_all_bytes(stream), name)
        _decoded[identity] = audio
        while len(_decoded) > 1 and _bytes_decoded() > _MOST_BYTES:
            del _decoded[next(iter(_decoded))]
    return audio


def _bytes_decoded() -> int:
    return sum(audio.samples.nbytes for audio in _decoded.values())


def _all_bytes(stream: BufferedReader) -> bytes:
    stream.seek(0)
    return stream.read()
