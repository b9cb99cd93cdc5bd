"""RTTM files: who speaks when."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.readers.segments.lines import Sessions, content_lines, session_id
from mmbench.errors import DataError
from mmbench.text import plain
from mmbench.text.segments import Segment, make_segment, parse_seconds

# Types of lines that do not say who speaks. Source: LDC2004T12, RTTM-format-v13, table 1.
_OTHER = frozenset(
    {
        *("SEGMENT", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT", "IP", "SU", "CB", "A/P"),
        "NO_RT_METADATA",
    }
)
_FORM = "SPEAKER session channel start duration <NA> <NA> speaker <NA> <NA>"


def rttm_sessions(data: bytes, path: Path) -> Sessions:
    """Return the segments of each session in an RTTM file, in the order of the lines.

    The fields of a line are type, session, channel, start, duration, two unused fields, speaker,
    and one or two unused fields. `SPEAKER` lines are segments. A `SPKR-INFO` line shows that a
    session exists, even if nobody speaks. Other types of lines are skipped. Source: NIST RT-09
    evaluation plan, appendix A; fgnt/meeteval 0.4.3, meeteval/io/rttm.py. Raises DataError, with
    the line, for other lines, for a negative duration, and for NOSCORE regions.
    """
    sessions: Sessions = {}
    for where, line in content_lines(data, path):
        kind, *fields = line.split()
        if kind in _OTHER:
            continue
        _check(kind, fields, where)
        segments = sessions.setdefault(session_id(fields[0], path), [])
        if kind == "SPEAKER":
            segments.append(_segment(fields, where))
    return sessions


def _check(kind: str, fields: list[str], where: str) -> None:
    """Raise DataError for a line that has no segment and is not known to have none."""
    if kind == "NOSCORE":
        raise DataError(
            f"{where} is a NOSCORE region, which is not read; give evaluation regions as a .uem"
        )
    if kind not in ("SPEAKER", "SPKR-INFO"):
        raise DataError(f"{where} begins with {plain(kind, 40)!r}; an RTTM line is `{_FORM}`")
    if len(fields) not in (8, 9):
        raise DataError(
            f"{where} has {len(fields) + 1} fields, but an RTTM line has 9 or 10: `{_FORM}`"
        )


def _segment(fields: list[str], where: str) -> Segment:
    start = parse_seconds(fields[2], "start", where)
    duration = parse_seconds(fields[3], "duration", where)
    if duration < 0:
        raise DataError(f"{where}: the duration is {duration:g} s; give 0 or more")
    return make_segment(fields[6], start, start + duration, None, where)
