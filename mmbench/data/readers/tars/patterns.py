"""Lists and patterns of files: `{000..099}`, `{a,b}`, `*` and `?`.

Braces mean what they mean in WebDataset, which expands them with the package braceexpand; as in a
shell, a number keeps the width of a bound with leading zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from mmbench.data.readers.tars.locations import Location, locate
from mmbench.errors import DataError
from mmbench.text import count, listed

_MOST_FILES = 100_000
_BRACES = re.compile(r"\{([^{}]*)\}")
_NUMBERS = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.-?(\d{1,9}))?")
_WILD = re.compile(r"[*?\[]")


def is_pattern(place: str | Path) -> bool:
    """Return whether a path or URL has braces or wildcards, and is not itself an existing file."""
    text = str(place)
    # In a web address, a question mark begins the query.
    wild = "*" in text if text.startswith("http") else _WILD.search(text)
    braces = any(_choices(part) for part in _BRACES.findall(text))
    return bool(wild or braces) and not Path(text).exists()


def expand_braces(text: str) -> Iterator[str]:
    """Yield the texts that braces stand for, the last braces changing fastest.

    `{000..099}` is a range, `{0..9..3}` a range with steps, `{a,b}` a list. Other braces are kept.
    Lists inside lists are not expanded.
    """
    for match in _BRACES.finditer(text):
        if choices := _choices(match[1]):
            rest = list(islice(expand_braces(text[match.end() :]), _MOST_FILES + 1))
            yield from (f"{text[: match.start()]}{one}{tail}" for one in choices for tail in rest)
            return
    yield text


def _choices(inside: str) -> Iterable[str]:
    """Return the texts that one pair of braces stands for; nothing if it is no list or range."""
    if match := _NUMBERS.fullmatch(inside):
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1) or 1
        padded = any(re.match(r"-?0\d", bound) for bound in match.groups()[:2])
        width = max(map(len, match.groups()[:2])) if padded else 0
        numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
        return [f"{number:0{width}}" for number in numbers[: _MOST_FILES + 1]]
    return inside.split(",") if "," in inside else []


def find_files(patterns: Sequence[str | Path]) -> list[Location]:
    """Return the files that patterns, paths and URLs stand for, in order, wildcards in natural
    order.

    Raises DataError for a file that does not exist, a pattern without a match, a file that occurs
    twice, and more than 100,000 files.
    """
    names = chain.from_iterable(
        expand_braces(str(one)) if is_pattern(one) else [str(one)] for one in patterns
    )
    some = list(islice(names, _MOST_FILES + 1))
    if len(some) > _MOST_FILES:
        raise DataError(f"{patterns[0]} stands for more than {_MOST_FILES:,} files; give fewer")
    files = list(chain.from_iterable(map(_matches, some)))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise DataError(
            f"{patterns[0]}: {count(len(missing), 'file')} of {len(files):,} not found:"
            f" {listed(missing)}; correct the path or the pattern"
        )
    by_name = {file.name: file for file in files}
    if len(by_name) < len(files):
        raise DataError(f"{patterns[0]}: a file occurs twice; give each file once")
    return files


def _matches(name: str) -> list[Location]:
    if not is_pattern(name):
        return [locate(name)]
    scheme, separator, rest = name.rpartition("://")
    parts = rest.split("/")
    fixed = next(at for at, part in enumerate(parts) if _WILD.search(part))
    base = "/".join(parts[:fixed]) or ("/" if fixed else ".")
    found = locate(f"{scheme}{separator}{base}").matches("/".join(parts[fixed:]))
    if not found:
        raise DataError(f"{name}: no file matches; correct the pattern")
    return found
