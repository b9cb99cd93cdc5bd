"""Segments in a file or a folder, in the format that the extension implies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import files_below
from mmbench.data.readers.segments.lines import Sessions, file_session
from mmbench.data.readers.segments.rttm import rttm_sessions
from mmbench.data.readers.segments.seglst import seglst_sessions
from mmbench.data.readers.segments.stm import stm_sessions
from mmbench.errors import DataError
from mmbench.text import listed, repeated

FORMATS: dict[str, Callable[[bytes, Path], Sessions]] = {
    ".rttm": rttm_sessions,
    ".stm": stm_sessions,
    ".json": seglst_sessions,
}


def segment_files(folder: Path) -> list[Path]:
    """Return the files of segments in a folder and its subfolders, sorted.

    Raises DataError if they have several formats, because some may be other files.
    """
    files = [file for file in files_below(folder) if file.suffix.lower() in FORMATS]
    endings = sorted({file.suffix.lower() for file in files})
    if len(endings) > 1:
        raise DataError(f"{folder} has files of {listed(endings)}; give a folder of one format")
    return files


def read_sessions(files: Sequence[Path], place: Path) -> Sessions:
    """Return the segments of each session in files at `place`.

    An empty file of a folder is a session without segments; its id is the name of the file. Raises
    DataError for a session in two files, and if there are no sessions.
    """
    parts = [_sessions(file, alone=file == place) for file in files]
    if twice := repeated(session for part in parts for session in part):
        raise DataError(f"{place}: sessions in several files: {listed(twice)}")
    sessions = {session: segments for part in parts for session, segments in part.items()}
    if not sessions:
        raise DataError(f"{place}: no segments; give RTTM, STM or SegLST JSON")
    return sessions


def _sessions(file: Path, *, alone: bool) -> Sessions:
    data = read_file(file)
    sessions = FORMATS[file.suffix.lower()](data, file) if data.strip() else {}
    return sessions or ({} if alone else {file_session(file): []})
