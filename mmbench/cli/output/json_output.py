"""JSON output on stdout, to which nothing else is printed at the same time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import msgspec

from mmbench.text import json_escaped
from mmbench.validation.safe_parse import encode_json


def write_json(value: object) -> None:
    """Write a value to standard output as indented JSON in UTF-8, independently of the locale.

    Control and formatting characters are escaped.
    """
    encoded = msgspec.json.format(encode_json(value), indent=2)
    sys.stdout.flush()
    sys.stdout.buffer.write(json_escaped(encoded.decode()).encode() + b"\n")
    sys.stdout.flush()


@contextmanager
def printing_to_stderr(condition: bool) -> Iterator[None]:
    """Within the context, redirect to stderr what models, metrics and libraries print to stdout.

    Do nothing if the condition is false. The file descriptor is redirected too, for C libraries and
    for programs that they start.
    """
    if not condition:
        yield
        return
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
