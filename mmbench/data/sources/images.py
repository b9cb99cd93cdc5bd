"""The data source `images`: a folder of images, as they are compared set against set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.sources.folder import EXTENSIONS, file_id, files_below
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.types import Media, Sample


@declare_source("folder")
def images(root: Path | None) -> Samples:
    """The images of a folder and those below it, each as the target of a sample.

    The id of `a/x.jpg` is `a/x`. Order and what is left out are those of `image_files`. Raises
    DataError where there is no folder or no image in it, or two images have one id.
    """
    if root is None:
        raise DataError("data source images was given no data: give --data FOLDER of images")
    samples = [Sample(id, {}, Media("image", str(file))) for id, file in image_files(root)]
    return Samples(samples)


def image_files(root: Path) -> list[tuple[str, Path]]:
    """Ids and paths of the images in a folder and those below it: `files_of`."""
    return files_of(root, EXTENSIONS, "image")


def files_of(root: Path, endings: Sequence[str], medium: str) -> list[tuple[str, Path]]:
    """Ids and paths of the files in a folder and below it with one of the endings, by path.

    `files_below` says which are left out. `medium` is what errors call them. Raises DataError.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder: give a FOLDER of {medium}s")
    files = sorted(file for file in files_below(root) if file.suffix.lower() in endings)
    ids = [file_id(file, root) for file in files]
    if not files:
        raise DataError(
            f"{root}: no {medium} in it or below, by the extensions {' '.join(endings)}"
        )
    refuse_duplicates(f"{medium} id", ids, str(root))
    return list(zip(ids, files, strict=True))
