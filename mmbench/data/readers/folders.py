"""Files in folders: selection of data and media files, and conversion of their paths to ids."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from mmbench.data.readers.records import refuse_duplicates
from mmbench.errors import DataError
from mmbench.media.endings import ENDINGS, SOUNDS
from mmbench.surrogates import escape_surrogates
from mmbench.text import listed
from mmbench.types import Modality

MEDIA: tuple[Modality, ...] = tuple(ENDINGS)
# Names that systems and tools create: macOS archives; Windows; Synology and QNAP file servers;
# ext file systems; Python. Lower case.
_SYSTEM_NAMES = frozenset(
    {
        *("__macosx", "icon\r"),
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
        *("$recycle.bin", "system volume information"),
        *("@eadir", "#recycle", "@recycle"),
        *("lost+found", "__pycache__"),
    }
)


def is_system_name(name: str) -> bool:
    """Return whether a file or folder name is used by systems or tools and not by users.

    This includes hidden names: `.DS_Store`, AppleDouble files (`._a.jpg`), `.ipynb_checkpoints`.
    """
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def as_modality(name: str) -> Modality | None:
    """Return the modality with this name (image, audio or video), None for any other name."""
    return next((modality for modality in MEDIA if modality == name), None)


def modality_by_ending(path: str) -> Modality | None:
    """Return the modality that a file name's extension implies; None if it is not a media file."""
    suffix = PurePath(path).suffix.lower()
    return next((name for name, endings in ENDINGS.items() if suffix in endings), None)


def entries(folder: Path) -> list[Path]:
    """Return the files and folders in a folder, sorted by name, without hidden and system names."""
    return sorted(path for path in folder.iterdir() if not is_system_name(path.name))


def matches(folder: Path, pattern: str) -> list[Path]:
    """Return the paths in a folder that match a glob pattern, sorted, without system names."""
    paths = folder.glob(pattern)
    return sorted(p for p in paths if not any(map(is_system_name, p.relative_to(folder).parts)))


def only_file(root: Path, files: Sequence[Path], needed: str) -> Path:
    """Return the only file in `files`, which were found in the folder `root`.

    Raises DataError if there are several files, or none; in the second case the message is
    `needed`.
    """
    if not files:
        raise DataError(f"{root}: {needed}")
    if len(files) > 1:
        names = listed(str(file.relative_to(root)) for file in files)
        raise DataError(
            f"{root} has several such files ({names}); give one file: --data {files[0]}"
        )
    return files[0]


def files_of_split(files: Sequence[Path], split: str | None) -> Sequence[Path]:
    """Return the files called like the split (`test.tsv`), or all files if there are none."""
    return [file for file in files if split and file.stem == split] or files


def first_folder(
    root: Path | None, names: Sequence[str], inside: str, source: str, hint: str = "put it there"
) -> Path:
    """Return the first of the folders `names` in `root` that contains the file or folder `inside`.

    The name "" means `root` itself. Raises DataError if there is no such folder; the message names
    the data source `source` and ends with `hint`.
    """
    if root is None:
        raise DataError(f"data source {source} was given no data; give --data FOLDER with {inside}")
    for name in names:
        if (root / name / inside).exists():
            return root / name
    others = " or ".join(name for name in names if name)
    raise DataError(f"{root}: no {inside} in it or in its subfolder {others}; {hint}")


def file_id(file: Path, root: Path) -> str:
    """Return a file's path relative to `root`, without its extension, as an id in valid UTF-8."""
    return escape_surrogates(file.relative_to(root).with_suffix("").as_posix())


def files_below(root: Path, above: Path | None = None) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders, sorted by name, each folder only once.

    Links to folders are followed. A folder that can be reached by several paths (links may form a
    loop) is listed at the first path. Links to `above`, a folder that contains `root`, are not
    followed. Hidden files and system files (`is_system_name`) are skipped. Raises DataError for a
    folder that cannot be listed.
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
    raise DataError(f"{error.filename} cannot be listed: {error.strerror}") from error


def media_in(root: Path, modality: Modality) -> list[tuple[str, Path]]:
    """Return (id, path) of the image, audio or video files in a folder and its subfolders.

    The files are sorted by path; `files_below` describes which files are skipped. Raises DataError
    for a missing folder, a folder without files of this modality, and two files with the same id.
    """
    endings = ENDINGS[modality]
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a folder of {modality} files")
    files = sorted(file for file in files_below(root) if file.suffix.lower() in endings)
    ids = [file_id(file, root) for file in files]
    if not files:
        raise DataError(f"{root}: no {modality} file in it or its subfolders ({' '.join(endings)})")
    refuse_duplicates(f"{modality} id", ids, str(root))
    return list(zip(ids, files, strict=True))


def sounds_in(folder: Path) -> dict[str, str]:
    """Return {name without extension: path} for the audio files in a folder."""
    files = [file for file in entries(folder) if file.suffix.lower() in SOUNDS]
    return {escape_surrogates(file.stem): str(file) for file in reversed(files)}
