"""Parts of a recording as media items: each is a WAV that is cut when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from mmbench.errors import SampleError
from mmbench.media.inside import MediaFile, file_state, open_unchanged
from mmbench.media.recordings.cutting import cut
from mmbench.types import PlaceInFile
from mmbench.validation.regular_files import open_regular

_VERSION = 1  # raise it when the bytes of parts change, so that stored digests are not used


class RecordingParts(MediaFile):
    """The parts of one recording; the content of a part is the WAV that `cut` returns.

    Therefore parts have the same content key if and only if their samples, sampling rate and
    channels are the same, and a part never has the key of a whole file. The recording need not
    exist. A recording that was changed after this object was made is not read.
    """

    def __init__(self, file: Path, places: Sequence[PlaceInFile]) -> None:
        self._file, self._places = file, places
        ranges = repr([(place.start, place.seconds, place.channel) for place in places])
        with suppress(OSError, ValueError):  # reading a part raises the reason
            self.state = file_state(file, f"parts {_VERSION} {_digest(ranges)}")

    def __len__(self) -> int:
        return len(self._places)

    def read(self, number: int) -> bytes:
        """Return the part as WAV. Raises OSError, ValueError and SampleError."""
        place = self._places[number]
        if self.state is None:
            with open_regular(self._file) as stream:
                return cut(stream, place, str(self._file))
        with open_unchanged(self._file, self.state) as stream:
            return cut(stream, place, str(self._file))

    def place(self, number: int) -> tuple[Path, PlaceInFile]:
        """Return the recording, and the range of the part."""
        return self._file, self._places[number]

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes of all parts, None for a part that cannot be cut.

        Reading such a part alone raises the reason.
        """
        for number in range(len(self)):
            try:
                yield self.read(number)
            except (OSError, ValueError, SampleError):
                yield None


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
