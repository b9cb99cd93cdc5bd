"""UEM files: the evaluation regions of recordings."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.segments.lines import content_lines, session_id
from mmbench.errors import DataError
from mmbench.text import count
from mmbench.text.segments import Region, parse_seconds


def uem_regions(path: Path) -> dict[str, list[Region]]:
    """Return the evaluation regions of each session in a UEM file, sorted.

    The fields of a line are session, channel, start and end; a session may have several lines.
    Source: nryant/dscore, scorelib/uem.py, as fgnt/meeteval 0.4.3 describes it in
    meeteval/io/uem.py. Raises DataError, with the line, for other lines and for a region that does
    not end after it starts.
    """
    regions: dict[str, list[Region]] = {}
    for where, line in content_lines(read_file(path), path):
        fields = line.split()
        if len(fields) != 4:
            raise DataError(
                f"{where} has {count(len(fields), 'field')}, but a UEM line is `session channel"
                " start end`"
            )
        start, end = (
            parse_seconds(fields[2], "start", where),
            parse_seconds(fields[3], "end", where),
        )
        if end <= start:
            raise DataError(f"{where} ends at {end:g} s, but starts at {start:g} s")
        regions.setdefault(session_id(fields[0], path), []).append((start, end))
    if not regions:
        raise DataError(f"{path}: no lines `session channel start end`")
    return {session: sorted(of_session) for session, of_session in regions.items()}
