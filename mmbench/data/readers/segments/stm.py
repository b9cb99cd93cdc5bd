"""STM files: segments with speakers, times and words."""

from __future__ import annotations

import re
from pathlib import Path

from mmbench.data.readers.segments.lines import Sessions, content_lines, session_id
from mmbench.errors import DataError
from mmbench.text import count
from mmbench.text.alternatives import opens_alternatives
from mmbench.text.segments import make_segment

# A label before the words: `<o,f0,female>`. A single tag such as <unk> is a word.
_LABEL = re.compile(r"(?:<[^<>\s]*,[^<>\s]*>|<NA>)(?:\s+|$)")
_IGNORED = "ignore_time_segment_in_scoring"


def stm_sessions(data: bytes, path: Path) -> Sessions:
    """Return the segments of each session in an STM file, in the order of the lines.

    The fields of a line are session, channel, speaker, start, end, an optional label in angle
    brackets, and the words. The channel and the label are not used. Source: NIST SCTK
    doc/infmts.htm, "stm"; fgnt/meeteval 0.4.3, meeteval/io/stm.py. Raises DataError, with the line,
    for other lines, for alternatives `{ a / b }`, and for segments that are not to be scored.
    """
    sessions: Sessions = {}
    for where, line in content_lines(data, path):
        fields = line.split(maxsplit=5)
        if len(fields) < 5:
            raise DataError(
                f"{where} has {count(len(fields), 'field')}, but an STM line is `session channel"
                " speaker start end words`"
            )
        words = _LABEL.sub("", fields[5], count=1) if len(fields) > 5 else ""
        _refuse_unread(words, where)
        session, _, speaker, start, end = fields[:5]
        segment = make_segment(speaker, start, end, words.strip(), where)
        sessions.setdefault(session_id(session, path), []).append(segment)
    return sessions


def _refuse_unread(words: str, where: str) -> None:
    if opens_alternatives(words):
        raise DataError(f"{where} has alternatives {{ a / b }}, which are not read; choose one")
    if words.strip().casefold() == _IGNORED:
        raise DataError(
            f"{where} excludes a time from scoring, which is not supported; remove the line"
        )
