"""SegLST files: segments with speakers, times and words as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.segments.lines import Sessions, file_session
from mmbench.errors import DataError
from mmbench.text.segments import parse_segment, parse_segments

_SESSION = "session_id"
_TIMES = ("start_time", "start")


def is_seglst(content: object) -> bool:
    """Return whether JSON holds segments with speakers, judging by its first segment.

    It is a list of segments, an object with `segments`, or an object {session: either of these}. In
    a list, a row with an id and without a session is an utterance and no segment.
    """
    wrapped = isinstance(content, Mapping)
    if isinstance(content, Mapping) and content and "segments" not in content:
        content = next((one for one in content.values() if one), None)
    segments = content.get("segments") if isinstance(content, Mapping) else content
    first = segments[0] if isinstance(segments, list) and segments else None
    if not isinstance(first, Mapping) or "speaker" not in first:
        return False
    timed = any(time in first for time in _TIMES)
    return _SESSION in first or (timed and (wrapped or "id" not in first))


def seglst_sessions(data: bytes, path: Path) -> Sessions:
    """Return the segments of each session in a JSON file of segments (`seglst_content`)."""
    return seglst_content(decode_json(data, object, path), path)


def seglst_content(content: object, path: Path) -> Sessions:
    """Return the segments of each session in the JSON of a file, in the order of the file.

    Each segment of a list has a `session_id`; without it, the name of the file is the session, as
    in the files of the CHiME challenges. {session: segments} and
    {session: {"segments": segments}} are read too. Source: fgnt/meeteval 0.4.3,
    meeteval/io/seglst.py and chime7.py. Raises DataError, with the number of the segment.
    """
    if isinstance(content, Mapping) and "segments" not in content:
        return {
            str(session): parse_segments(value, f"{path}: {session!r}")
            for session, value in content.items()
        }
    segments = content["segments"] if isinstance(content, Mapping) else content
    if not isinstance(segments, list):
        raise DataError(f"{path} has no list of segments; give objects with {_SESSION} and speaker")
    alone = file_session(path)
    sessions: Sessions = {} if segments else {alone: []}
    for number, cells in enumerate(segments, start=1):
        where = f"{path}: segment {number}"
        segment = parse_segment(cells, where)
        session = cells.get(_SESSION, alone)
        if isinstance(session, bool) or not isinstance(session, str | int) or session == "":
            raise DataError(f"{where}: the {_SESSION} is {session!r}; give a name")
        sessions.setdefault(str(session), []).append(segment)
    return sessions
