"""The data source `folder`: images, each with its captions in a text file beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mmbench.data.mapping.pairs import Caption, retrieval_data
from mmbench.data.readers.folders import is_system_name
from mmbench.data.readers.json_files import decode_text, read_file
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.surrogates import escape_surrogates
from mmbench.types import Broken, Content, Media

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"),
    *(".jp2", ".ppm", ".pgm", ".pbm", ".tga"),
)


@declare_source("folder")
def folder(root: Path | None) -> RetrievalData:
    """Captions as queries ("text"), images as corpus ("image"), from a folder and those below it.

    `a/x.jpg` is the image `a/x`; its captions are the lines of `a/x.txt` (UTF-8), with the ids
    `a/x#0`, `a/x#1` and on. Names are taken in sorted order; `files_below` says which are left out.
    An image without a text file is a distractor. A text file without an image gives captions whose
    image is not in the corpus; where no image is there, those of all captions are Broken. An empty
    file or a blank line between captions is an empty caption; blank lines at the end are nothing.

    Raises DataError where there is no folder or nothing in it, or two images have one name.
    """
    if root is None or not root.is_dir():
        given = (
            "data source folder was given no data" if root is None else f"{root}: no such folder"
        )
        raise DataError(f"{given}: give --data FOLDER, of images x.jpg with captions in x.txt")
    images: list[tuple[str, Content]] = []
    captions: list[Caption] = []
    for file in files_below(root):
        id = file_id(file, root)
        extension = file.suffix.lower()
        if extension in EXTENSIONS:
            images.append((id, Media("image", str(file))))
        elif extension == ".txt":
            captions += [Caption(f"{id}#{n}", id, text) for n, text in enumerate(_lines(file))]
    if not images:
        reason = f"{root}: no image in it or below, by the extensions {' '.join(EXTENSIONS)}"
        if not captions:
            raise DataError(reason)
        images = [(id, Broken(reason)) for id in dict.fromkeys(c.image for c in captions)]
    return retrieval_data(images, captions, str(root))


def file_id(file: Path, root: Path) -> str:
    """Return the path of a file below `root`, without its ending, as valid text."""
    return escape_surrogates(file.relative_to(root).with_suffix("").as_posix())


def files_below(root: Path, above: Path | None = None) -> Iterator[Path]:
    """Yield the files of a folder and of those below it, by sorted name; a linked folder once.

    Links to folders are followed, and a folder that several paths lead to, as a loop of links has
    it, is listed at the first; `above` is a folder that contains `root` and that no link enters.
    Hidden files and what systems leave in folders (`is_system_name`)
    are left out. Raises DataError for a folder that cannot be listed.
    """
    seen = set() if above is None else {_identity(above)}
    for place, folders, names in os.walk(root, onerror=_refuse, followlinks=True):
        if (identity := _identity(Path(place))) in seen:
            folders.clear()
            continue
        seen.add(identity)
        folders[:] = sorted(name for name in folders if not is_system_name(name))
        yield from (Path(place, name) for name in sorted(names) if not is_system_name(name))


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename}: cannot be listed: {error.strerror}") from error


def _lines(file: Path) -> list[str | Broken]:
    try:
        text = decode_text(read_file(file), file)
    except DataError as error:
        return [Broken(str(error))]
    # Python's universal newlines; splitlines would split at other characters as well.
    return [*text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")]
