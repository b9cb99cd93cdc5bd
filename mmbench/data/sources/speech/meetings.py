"""The data sources `meetings` and `diarisation`: recordings in which several people speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmbench.data.readers.folders import files_below, sounds_in
from mmbench.data.readers.segments.files import FORMATS, read_sessions, segment_files
from mmbench.data.readers.segments.uem import uem_regions
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed
from mmbench.text.segments import Region, Segment
from mmbench.types import Content, InvalidContent, Media, Sample

Regions = dict[str, list[Region]]


@declare_source("json", "text", "folder", own_data=True)
def meetings(root: Path | None, *, uem: str = "") -> Samples:
    """Load one sample per session; the target is the list of its segments with their words.

    `root` is an STM file, a JSON file in the format SegLST, or a folder of such files. Evaluation
    regions, audio and errors are those of `diarisation`. Also raises DataError for a segment
    without words.
    """
    sessions = _sessions(root, "meetings")
    for session, segments in sessions.items():
        for number, segment in enumerate(segments, start=1):
            if segment.words is None:
                raise DataError(
                    f"{root}: session {session}: segment {number} has no words; score speakers"
                    " alone with -t diarisation"
                )
    return _samples(sessions, root, uem)


@declare_source("json", "text", "folder", own_data=True)
def diarisation(root: Path | None, *, uem: str = "") -> Samples:
    """Load one sample per session; the target is the list of its segments, who speaks when.

    `root` is an RTTM or STM file, a JSON file in the format SegLST, or a folder of such files. The
    evaluation regions of the sessions are in the UEM file, or the folder of UEM files, `uem`;
    without it, in the UEM files in the folder `root`, or in the file next to `root` of the same
    name. The target is then {"segments": ..., "regions": ...}. Without UEM files, whole recordings
    are evaluated. Audio files are found by session, next to the references; they need not exist.

    Raises DataError, with file and line, for files that cannot be read, for a segment without
    times, and for a session without evaluation regions if other sessions have some.
    """
    sessions = _sessions(root, "diarisation")
    for session, segments in sessions.items():
        for number, segment in enumerate(segments, start=1):
            if segment.start is None:
                raise DataError(f"{root}: session {session}: segment {number} has no times")
    return _samples(sessions, root, uem)


def _sessions(root: Path | None, source: str) -> dict[str, list[Segment]]:
    if root is None:
        raise DataError(f"data source {source} was given no data; give --data FILE or FOLDER")
    if root.is_file() and root.suffix.lower() not in FORMATS:
        raise DataError(f"{root}: give {listed(FORMATS)}, or a folder of such files")
    sessions = read_sessions(segment_files(root) if root.is_dir() else [root], root)
    if not any(sessions.values()):
        raise DataError(f"{root}: nobody speaks in the references; give files with segments")
    return sessions


def _samples(sessions: dict[str, list[Segment]], root: Path | None, uem: str) -> Samples:
    assert root is not None  # checked by `_sessions`
    files = _uem_files(root, uem)
    regions = _regions(files, sessions)
    folder = root if root.is_dir() else root.parent
    sounds = sounds_in(folder)
    return Samples(
        [
            Sample(
                session,
                {"audio": _audio(session, sounds, folder)},
                _target(segments, regions.get(session)),
            )
            for session, segments in sessions.items()
        ],
        source={"uem": listed(file.name for file in files)} if files else {},
    )


def _audio(session: str, sounds: Mapping[str, str], folder: Path) -> Content:
    if session in sounds:
        return Media("audio", sounds[session])
    return InvalidContent(f"no audio file {session}.* in {folder}")


def _target(segments: Iterable[Segment], regions: list[Region] | None) -> Any:
    cells = [segment.as_json() for segment in segments]
    return cells if regions is None else {"segments": cells, "regions": [list(r) for r in regions]}


def _uem_files(root: Path, uem: str) -> list[Path]:
    """Return the UEM files of the data at `root`; [] if there are none.

    Raises DataError if the option `uem` names no file.
    """
    place = Path(uem) if uem else root
    if not uem and root.is_file():
        beside = root.with_suffix(".uem")
        return [beside] if beside.is_file() else []
    files = [place] if place.is_file() else []
    if place.is_dir():
        files = [file for file in files_below(place) if file.suffix.lower() == ".uem"]
    if uem and not files:
        raise DataError(f"uem: {uem}: no UEM file there; give a .uem or a folder of them")
    return files


def _regions(files: list[Path], sessions: Iterable[str]) -> Regions:
    """Return the evaluation regions of all sessions in UEM files, which may have others, too."""
    regions: Regions = {}
    for file in files:
        for session, of_session in uem_regions(file).items():
            regions[session] = sorted(regions.get(session, []) + of_session)
    missing = [session for session in sessions if session not in regions]
    if files and missing:
        names = listed(file.name for file in files)
        raise DataError(
            f"{names}: no evaluation regions for {listed(missing)}; add lines"
            " `session channel start end`"
        )
    return regions
