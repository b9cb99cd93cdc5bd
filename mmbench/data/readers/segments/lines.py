"""Lines of NIST's formats, with their places for messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmbench.data.readers.table_files import text_lines
from mmbench.text.segments import Segment

Sessions = dict[str, list[Segment]]  # by session id

_UNNAMED = "<NA>"  # the session of lines in some files with a single session


def content_lines(data: bytes, path: Path) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each line that is neither empty nor a comment.

    The place is "FILE line N". Comments begin with `;`, as in fgnt/meeteval 0.4.3.
    """
    for number, line in enumerate(text_lines(data, path), start=1):
        if line.strip() and not line.lstrip().startswith(";"):
            yield f"{path} line {number}", line.strip()


def session_id(name: str, path: Path) -> str:
    """Return the session of a line: its `name`, or that of the file if the line has none."""
    return file_session(path) if name == _UNNAMED else name


def file_session(path: Path) -> str:
    """Return the session that the name of a file implies: `S05` for `S05.seglst.json`."""
    return path.stem.removesuffix(".seglst")
