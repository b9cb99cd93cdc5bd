"""Segments in the answers of models that write texts."""

from __future__ import annotations

import re
from typing import Any

from mmbench.errors import DataError
from mmbench.text.segments import Segment, parse_segments
from mmbench.validation.safe_parse import parse_json

# JSON between the lines ``` and ```; most chat models write it so.
_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL)


def output_segments(value: Any) -> list[Segment] | None:
    """Return the segments in an output: a list of segments, or a text.

    A text is JSON: a list of segments or an object with `segments`, which may be in a code block.
    Return None for another text, and if a segment in it is invalid. Raises DataError for an output
    that is neither a text nor segments.
    """
    if not isinstance(value, str):
        return parse_segments(value, "the output")
    fenced = _FENCED.findall(value)
    try:
        return parse_segments(parse_json(fenced[-1] if fenced else value), "the answer")
    except (ValueError, DataError):
        return None
