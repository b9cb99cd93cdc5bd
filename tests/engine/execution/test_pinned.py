"""Pinned files: an endpoint gets the bytes that were hashed, of a file and of a part of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmbench.engine.execution.pinned import pin_files
from mmbench.errors import SampleError
from mmbench.media import read_bytes
from mmbench.media.inside import MediaInFile
from mmbench.media.recordings import RecordingParts
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import Media, PlaceInFile
from tests.support.media.sounds import wav


@pytest.mark.parametrize("is_part", [False, True])
def test_a_file_with_other_bytes_is_not_sent(tmp_path: Path, is_part: bool) -> None:
    """Even if the other file has the same size and the same time of modification."""
    file = tmp_path / "a.wav"
    file.write_bytes(wav(1, 16000))
    state = file.stat()
    reader = MediaInFile(RecordingParts(file, [PlaceInFile(start=0.25, seconds=0.5)]), 0)
    medium = Media("audio", str(file), reader if is_part else None)
    with ContentKeys(tmp_path) as keys:
        keys.key(medium)
        pinned = pin_files(medium, keys)
        assert isinstance(pinned, Media)
        assert read_bytes(pinned) == read_bytes(medium)
        file.write_bytes(wav(2, 16000))
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert file.stat().st_size == state.st_size
        with pytest.raises(SampleError, match="the file changed after the run began"):
            read_bytes(pinned)


def test_a_missing_file_reports_its_own_error(tmp_path: Path) -> None:
    medium = Media("audio", str(tmp_path / "a.wav"))
    with ContentKeys(tmp_path) as keys:
        assert pin_files(medium, keys) == medium
