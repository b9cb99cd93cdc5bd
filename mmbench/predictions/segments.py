"""Readers of segments with speakers: RTTM, STM and SegLST files, and folders of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import entries
from mmbench.data.readers.segments.files import FORMATS, read_sessions, segment_files
from mmbench.data.readers.segments.lines import Sessions
from mmbench.data.readers.segments.seglst import seglst_content
from mmbench.storage.content_keys import digest
from mmbench.types import Outputs


def segment_file(path: Path) -> Outputs:
    """Read an .rttm or .stm file: the segments of each session."""
    return _outputs(read_sessions([path], path), [path])


def segments_folder(folder: Path) -> Outputs:
    """Read a folder of RTTM, STM or SegLST files; an empty file is a session without segments."""
    files = segment_files(folder)
    return _outputs(read_sessions(files, folder), files)


def seglst(content: object, path: Path) -> Outputs:
    """Read the content of a JSON file of segments, without the digest of the file."""
    return _outputs(seglst_content(content, path), [])


def holds_segments(folder: Path) -> bool:
    """Return whether the files of a folder, not of its subfolders, are files of segments.

    UEM files may be among them.
    """
    endings = {file.suffix.lower() for file in entries(folder) if file.is_file()} - {".uem"}
    return bool(endings) and endings <= FORMATS.keys()


def _outputs(sessions: Sessions, files: Sequence[Path]) -> Outputs:
    values = {
        session: [segment.as_json() for segment in segments]
        for session, segments in sessions.items()
    }
    parts: list[bytes | str] = [part for file in files for part in (file.name, read_file(file))]
    return Outputs(values, digest=digest(*parts).hex() if files else "")
