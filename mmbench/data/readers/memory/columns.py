"""Conversion of data in memory to columns of cells: data frames, lists, and data sets of items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from mmbench.columns import ABSENT
from mmbench.data.readers.memory.media import CellMedia, encoded
from mmbench.errors import DataError
from mmbench.media.inside import MediaInFile
from mmbench.types import Media

_CHANNELS = 8  # at most, of a sound; an image [height, width] has more rows
_LOWEST_RATE = 4000  # samples per second of a sound; the number of a class is lower
_NAMES = {str: "text", int: "label", list: "text"}  # of the parts of an item that is a tuple


class Items(Protocol):
    """Data with a length whose items are read by number: a list, or a map-style data set."""

    def __len__(self) -> int:
        """Return the number of items."""
        ...

    def __getitem__(self, at: Any, /) -> Any:
        """Return an item, given its number from 0."""
        ...


class CellColumn(NamedTuple):
    """A column of cells; `kind` is image, audio or bytes if it holds media items, else ""."""

    cells: Sequence[Any]
    kind: str = ""


def frame_columns(frame: Any) -> dict[str, CellColumn]:
    """Return the columns of a pandas data frame; missing values become None.

    Raises DataError for columns with equal names.
    """
    names = [str(name) for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"the data frame has two columns {twice!r}; rename one of them")
    missing = frame.isna()
    columns = {}
    for at, name in enumerate(names):
        cells, gaps = frame.iloc[:, at].tolist(), missing.iloc[:, at].tolist()
        pairs = zip(cells, gaps, strict=True)
        columns[name] = _column([None if gap else cell for cell, gap in pairs])
    return columns


def item_columns(items: Items, place: str) -> dict[str, CellColumn]:
    """Return the columns of items that are dicts, or tuples of equal lengths.

    Each item is read once; media items are read again when they are needed. The parts of a tuple
    are called by their kind: `image`, `audio`, `text`, `label`, else `column_1` …; samples, rate
    and transcript at the beginning of a tuple are `audio` and `text` (`_joined_sound`). `place` is
    the place of the data in messages. Raises DataError for other items.
    """
    rows: list[Mapping[str, Any]] = []
    keys: dict[str, list[bytes | None]] = {}
    kinds: dict[str, str] = {}
    names: list[str] = []
    for at in range(len(items)):
        item = _joined_sound(items[at])
        if not at and not isinstance(item, Mapping):
            names = _tuple_names(item, place)
        row = _as_row(item, names, f"{place} row {at}")
        for name, cell in row.items():
            kind, key = _medium(cell)
            if kind:
                kinds.setdefault(name, kind)
                keys.setdefault(name, [None] * len(items))[at] = key
        held = {name for name, own in keys.items() if own[at]}  # not kept in memory
        rows.append({n: None if n in held else _plain(cell) for n, cell in row.items()})
    columns = dict.fromkeys(name for row in rows for name in row)
    return {
        name: _joined(
            [row.get(name, ABSENT) for row in rows],
            keys.get(name),
            kinds.get(name, ""),
            _reader(items, name, names),
        )
        for name in columns
    }


def _reader(items: Items, name: str, names: Sequence[str]) -> Callable[[int], object]:
    if names:
        part = names.index(name)
        return lambda at: _joined_sound(items[at])[part]
    return lambda at: items[at][name]


def _tuple_names(item: Any, place: str) -> list[str]:
    """Return the names of the parts of a tuple."""
    if not isinstance(item, tuple | list):
        raise DataError(
            f"{place} row 0 is a {type(item).__name__}; give items that are dicts, or tuples such"
            " as (image, text)"
        )
    names: list[str] = []
    for at, cell in enumerate(item):
        kind = _medium(cell)[0]
        name = kind if kind not in ("", "bytes") else _NAMES.get(type(_plain(cell)), "")
        names.append(name if name and name not in names else f"column_{at + 1}")
    return names


def _joined_sound(item: Any) -> Any:
    """Return an item (samples, rate, transcript, …) as ((samples, rate), transcript, …).

    Data sets of torchaudio have such items, with samples [channels, n]: pytorch/audio
    src/torchaudio/datasets/librispeech.py. Other items are returned unchanged.
    """
    kinds = [type(part) for part in item] if isinstance(item, tuple) else []
    if kinds[1:3] != [int, str]:
        return item
    samples, rate, *others = item
    shape: Sequence[int] = getattr(samples, "shape", ())
    has_sound_shape = len(shape) == 1 or (len(shape) == 2 and shape[0] <= _CHANNELS)
    return ((samples, rate), *others) if has_sound_shape and rate >= _LOWEST_RATE else item


def _as_row(item: Any, names: Sequence[str], where: str) -> Mapping[str, Any]:
    if isinstance(item, Mapping) and not names:
        return {str(name): cell for name, cell in item.items()}
    if isinstance(item, tuple | list) and len(item) == len(names):
        return dict(zip(names, item, strict=True))
    needed = f"a tuple of {len(names)} parts, as row 0" if names else "a dict, as row 0"
    raise DataError(f"{where} is a {type(item).__name__} and not {needed}; give equal items")


def _column(cells: Sequence[Any]) -> CellColumn:
    """Return the column of cells that are in memory."""
    media = list(map(_medium, cells))
    kinds = [kind for kind, _ in media if kind]
    keys = [key for _, key in media]
    plain = [None if key else _plain(cell) for cell, key in zip(cells, keys, strict=True)]
    return _joined(plain, keys, kinds[0] if kinds else "", lambda at: cells[at])


def _joined(
    cells: list[Any],
    keys: Sequence[bytes | None] | None,
    kind: str,
    read: Callable[[int], object],
) -> CellColumn:
    """Return a column of plain cells and of media items, which `read` returns by row."""
    if not kind or keys is None:
        return CellColumn(cells)
    media = CellMedia(read, keys)
    return CellColumn(
        [
            MediaInFile(media, at) if key else cell
            for at, (cell, key) in enumerate(zip(cells, keys, strict=True))
        ],
        kind,
    )


def _medium(cell: Any) -> tuple[str, bytes | None]:
    """Return the kind and the key of a cell that is a media item; ("", None) for another cell."""
    medium = encoded(cell)
    return (medium.kind, medium.key) if medium else ("", None)


def _plain(cell: Any) -> Any:
    """Return a cell as readers of files return it: plain Python values, paths as strings."""
    if isinstance(cell, Path):
        return str(cell)
    if isinstance(cell, Media):
        return cell
    if isinstance(cell, Mapping) and isinstance(cell.get("path"), str):  # of `datasets`
        return cell["path"]
    if isinstance(cell, np.generic) or (hasattr(cell, "tolist") and getattr(cell, "ndim", 1) < 2):
        return cell.tolist()
    if isinstance(cell, tuple | set | frozenset):
        return list(cell)
    return cell
