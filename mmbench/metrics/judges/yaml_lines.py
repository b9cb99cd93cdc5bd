"""Line numbers of keys in a YAML file, for error messages about their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmbench.validation.regular_files import read_regular


def line_of(path: Path, message: str) -> str:
    """Return " (line 12)" for the key of a YAML file that a message names; "" if it names none.

    A key in quotes comes first (`unknown key … 'promt'`), then the key that the message mentions
    first, written with its outer key (`scale.step must be …`). The file is valid YAML.
    """
    text = message.replace(str(path), "")
    places = [(*where, line) for name, line in _keys(path) if (where := _place(name, text))]
    return f" (line {min(places)[-1]})" if places else ""


def repeated_key(path: Path) -> str:
    """Return "key scale.min is repeated (line 12)" for a valid YAML file; "" without repetition."""
    seen: set[str] = set()
    for name, line in _keys(path):
        if name in seen:
            return f"key {name} is repeated (line {line})"
        seen.add(name)
    return ""


def _place(name: str, text: str) -> tuple[bool, int, int] | None:
    """Return a sorting key of the place where a text mentions a key; None if it does not."""
    quoted = text.find(f"'{name.rpartition('.')[2]}'")
    if quoted >= 0:
        return False, quoted, -len(name)
    match = re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text)
    return (True, match.start(), -len(name)) if match else None


def _keys(path: Path) -> list[tuple[str, int]]:
    """Return the keys of a YAML file, such as `scale.min`, with their line numbers."""
    import yaml

    node = yaml.compose(read_regular(path).decode(), Loader=yaml.SafeLoader)
    return [*_keys_inside(node, "")]


def _keys_inside(node: Any, outer: str) -> Iterator[tuple[str, int]]:
    if getattr(node, "id", "") != "mapping":
        return
    for key, value in node.value:
        name = f"{outer}{key.value}"
        yield name, key.start_mark.line + 1
        yield from _keys_inside(value, f"{name}.")
