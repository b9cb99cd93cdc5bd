"""What miniatures of data sets are written with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.files import write_file
from tests.support.media.images import save_image
from tests.support.media.sounds import wav
from tests.support.media.videos import save_video


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts by the names of their files."""
    for name, text in files.items():
        write_file(folder / name, text)


def write_rows(path: Path, rows: Iterable[Sequence[Any]], delimiter: str = ",") -> Path:
    """Write rows of cells as CSV, and return the path."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return write_file(path, stream.getvalue())


def images(folder: Path, *names: str) -> None:
    """Save an image of another colour under each name."""
    for number, name in enumerate(names):
        save_image(folder / name, (40 * number, 90, 200), (24, 20))


def sounds(folder: Path, *names: str) -> None:
    """Save another tenth of a second of sound under each name."""
    for number, name in enumerate(names):
        write_file(folder / name, wav(1793 + number, 1600))


def videos(folder: Path, *names: str) -> None:
    """Save another video under each name."""
    for number, name in enumerate(names):
        save_video(folder / name, number)
