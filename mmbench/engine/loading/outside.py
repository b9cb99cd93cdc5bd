"""The folders of a task's data, and a check for files outside them.

Files outside the data folder are not sent to other machines by default.

A table can name any file of this machine, and so can the data options of a task file. A local model
may read this file, but sending it to another machine needs the user's consent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmbench.data.mapping.find_media import FOLDERS
from mmbench.data.readers.library.names import library_name
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.rows import Rows
from mmbench.engine.loading.data.datasets import data_root
from mmbench.engine.loading.data.examples import example_keys
from mmbench.errors import DataError
from mmbench.storage.data_folders import data_folders_read, is_inside
from mmbench.storage.media_places import media_place
from mmbench.text import count, plain
from mmbench.types import ContinuationRequest, Item, Media, Message, Requests, TaskSpec, View

_PACKAGE = Path(__file__).parents[2]  # contains packaged data
_PLACES = frozenset({"source", "path", "folder"})
_COCO = "annotations"  # COCO's folder of annotations, next to its folders of images


def check_outside(
    spec: TaskSpec,
    requests: Iterable[Requests],
    data_path: DataPlace | None,
    host: str,
    *,
    allow: bool,
    consented: object = None,
) -> str:
    """Raise DataError if requests would send files outside the data folder to `host`.

    If `allow` is true, return a note that counts these files instead; "" if there are no such
    files. `data_path` is the value of `--data`. Symbolic links of media are resolved, so that a
    link out of the folder is outside. Files that the data options of the task name, such as
    `files: ../x.json`, count as sent, except the value `consented` of an option, a flag's.
    """
    folders = data_folders(spec, data_path)
    names = {name for batch in requests for item in batch.contents for name in _files(item)}
    options = _option_files(spec, folders[0], consented)
    outside = [*options, *sorted(name for name in names if not is_inside(name, folders))]
    if not outside:
        return ""
    files = f"{count(len(outside), 'file')} from outside the data folder"
    if allow:
        return f"{host} was sent {files}"
    raise DataError(
        f"task {spec.name}: {host} would be sent {files} {plain(str(folders[0]))}, e.g."
        f" {plain(outside[0])}; pass --allow-outside, or move the files into the folder"
    )


def data_folders(spec: TaskSpec, data_path: DataPlace | None) -> list[Path]:
    """Return the resolved folders of a task's data, the data folder first.

    The data folder is `data_path`, or its parent if it is a file. For rows in memory, it is the
    folder of their relative paths. Without `--data` it is the task's
    folder under $MMBENCH_DATA, or the `path` in its data block. For the layout of COCO, the image
    folders next to `annotations` are added. For a data set of the hub, the list starts with the
    caches of `datasets` and `huggingface_hub`.
    """
    if isinstance(data_path, Rows):
        return [Path(os.path.realpath(data_path.folder)), _PACKAGE]
    place = data_path if data_path is not None else _default(spec)
    if place is None or not (place.exists() or place.parent.is_dir()):
        return [*_caches(), _PACKAGE]
    folder = place if place.is_dir() else place.parent
    real = Path(os.path.realpath(folder))
    image_folders = [real.parent / name for name in FOLDERS if name] if real.name == _COCO else []
    return [real, *image_folders, _PACKAGE]


def local_folders(spec: TaskSpec, data_path: DataPlace | None) -> list[Path]:
    """Return the folders on this machine from which a task's data have been read.

    Unlike `data_folders`, this imports no library: a library that is not imported has read nothing.
    """
    if data_path is None and _default(spec) is None:
        return _caches() if "datasets" in sys.modules else []
    return [folder for folder in data_folders(spec, data_path) if folder != _PACKAGE]


def readable_folders() -> list[Path]:
    """Return the folders of all data that commands on this machine have read, and the package."""
    return [*data_folders_read(), _PACKAGE]


def _default(spec: TaskSpec) -> Path | None:
    """Return the task's local data folder; None for data from the hub or the package."""
    places = [data_root() / str(spec.data["folder"])] if "folder" in spec.data else []
    hub = spec.data.get("hub", {})
    paths = [block["path"] for block in (spec.data, hub) if isinstance(block.get("path"), str)]
    return next((place for place in [*places, *map(Path, paths)] if place.exists()), None)


def _caches() -> list[Path]:
    from huggingface_hub import constants

    of_datasets = ("HF_DATASETS_CACHE", "DOWNLOADED_DATASETS_PATH", "EXTRACTED_DATASETS_PATH")
    caches = map(Path, (*map(library_name, of_datasets), constants.HF_HUB_CACHE))
    return [Path(os.path.realpath(cache.expanduser())) for cache in caches]


def _option_files(spec: TaskSpec, folder: Path, consented: object) -> list[str]:
    """Return the paths in a task's data options that lead out of the data folder.

    The options `path` and `folder` say where the data folder is. Symbolic links are not resolved,
    because the caches of the hub consist of them.
    """
    blocks = (spec.data, example_keys(spec.options))
    values = {value for block in blocks for value in _strings(block) if value != consented}
    return sorted(value for value in values if _leaves(value, folder))


def _strings(option: object) -> Iterator[str]:
    match option:
        case dict():
            for name, value in option.items():
                if name not in _PLACES:
                    yield from _strings(value)
        case list():
            for value in option:
                yield from _strings(value)
        case str():
            yield option


def _leaves(value: str, folder: Path) -> bool:
    """Return whether an option is a path out of the folder: one above it, or an absolute file."""
    if Path(os.path.normpath(value)).parts[:1] == ("..",):
        return True
    try:
        return (
            Path(value).is_absolute() and Path(value).is_file() and not is_inside(value, [folder])
        )
    except (OSError, ValueError):  # a text that cannot be a path
        return False


def _files(item: Item | Message) -> Iterator[str]:
    """Yield the paths of the files in an item."""
    match item:
        case Media():
            yield from _named_file(item)
        case View():
            yield from _files(item.media)
        case ContinuationRequest():
            yield from _files(item.conversation)
        case Message():
            for part in item.parts:
                yield from _files(part)
        case tuple():
            for message in item:
                yield from _files(message)


def _named_file(medium: Media) -> Iterator[str]:
    """Yield the path of a media item that data name: a file, or a recording with several parts."""
    if medium.read is None:
        yield medium.name
        return
    place = media_place(medium)
    if place.inside is not None and place.inside.start is not None:
        yield place.path
