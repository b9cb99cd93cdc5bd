"""Layouts of folders of tar archives: CLIP_benchmark's and img2dataset's, and plain folders.

CLIP_benchmark (LAION-AI/CLIP_benchmark `clip_benchmark/datasets/builder.py` `build_wds_dataset` and
`clip_benchmark/webdataset_builder.py`; commit 48de38c): `ROOT/SPLIT/nshards.txt` has the number n
of archives `ROOT/SPLIT/0.tar` to `n-1.tar`; `ROOT/dataset_type.txt` is `retrieval` (`.txt` members
with one caption per line), `multilabel` (`.npy` members with 0 or 1 for each class) or missing
(`.cls` members with the number of the class); `ROOT/classnames.txt` and
`ROOT/zeroshot_classification_templates.txt` have one name or template per line, with `{c}` for the
name of the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmbench.data.readers.folders import modality_by_ending
from mmbench.data.readers.library.splits import chosen_split
from mmbench.data.readers.tars.locations import Location, locate
from mmbench.data.readers.tars.patterns import find_files, is_pattern
from mmbench.errors import DataError, UnknownName
from mmbench.text import count, listed, plain

_SHARDS = "nshards.txt"
_TYPE, _CLASSES = "dataset_type.txt", "classnames.txt"
_TEMPLATES = "zeroshot_classification_templates.txt"
_TAR = "*.tar"
_SPLITS = "*/*.tar"
_TEXTS = (".txt", ".md", ".json")  # files next to folders of archives
_TYPES = ("classification", "retrieval", "multilabel")
_MOST_SHARDS = 100_000


class TarFolder(NamedTuple):
    """Archives in order, and what the files next to them say about their data.

    `kind` is classification, retrieval or multilabel for the layout of CLIP_benchmark, otherwise
    "". `classes` are the class names in order, and `templates` the class prompts with `{}` for the
    name of a class.
    """

    tars: list[Location]
    kind: str = ""
    classes: Sequence[str] = ()
    templates: Sequence[str] = ()


def are_tars(place: str | Path) -> bool:
    """Return whether a path, URL or pattern stands for tar archives, compressed ones included.

    A folder with media files next to archives is a folder of media files. Raises DataError for a
    URL that cannot be opened.
    """
    name = str(place).lower().rpartition("/")[2]
    if name.endswith((".tar", ".tgz")) or ".tar." in name:
        return True
    folder = locate(place)
    if is_pattern(place) or not folder.is_dir():
        return False
    if _tars_in(folder):
        return not any(modality_by_ending(file.name) for file in folder.matches("*"))
    return all(file.name.endswith(_TEXTS) for file in folder.matches("*")) and bool(_splits(folder))


def open_folder(places: Sequence[str | Path], split: str | None) -> TarFolder:
    """Return the archives that files, patterns or one folder stand for, with their layout.

    A folder has archives, or subfolders of them, of which `split` is read: by default `test`, or
    the only one. Raises DataError for missing or malformed files, UnknownName for an unknown split.
    """
    folder = None if len(places) != 1 or is_pattern(places[0]) else locate(places[0])
    tars = find_files(places) if folder is None or not folder.is_dir() else _inside(folder, split)
    home = tars[0].parent()
    if not home.child(_SHARDS).is_file():
        return TarFolder(tars)
    return _clip_benchmark(tars, home.parent())


def _inside(folder: Location, split: str | None) -> list[Location]:
    tars = _tars_in(folder)
    if tars:
        return tars
    splits = _splits(folder)
    if not splits:
        raise DataError(f"{folder.name}: no tar archive in it or its subfolders; give *.tar files")
    return _tars_in(folder.child(chosen_split(splits, split, folder.name)))


def _splits(folder: Location) -> list[str]:
    """Return the names of the subfolders with archives."""
    names = (tar.parent().name.rpartition("/")[2] for tar in folder.matches(_SPLITS))
    return list(dict.fromkeys(names))


def _tars_in(folder: Location) -> list[Location]:
    """Return the archives in a folder; with nshards.txt, those that it counts."""
    shards = folder.child(_SHARDS)
    if not shards.is_file():
        return folder.matches(_TAR)
    text = shards.read_text().strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
    if not 0 < number <= _MOST_SHARDS:
        raise DataError(
            f"{shards.name} has {plain(text, 40)!r}; write the number of archives, at least 1"
        )
    tars = [folder.child(f"{shard}.tar") for shard in range(number)]
    missing = [f"{shard}.tar" for shard, tar in enumerate(tars) if not tar.is_file()]
    if missing:
        raise DataError(
            f"{shards.name} counts {count(number, 'archive')}, but there is no {listed(missing)}"
        )
    return tars


def _clip_benchmark(tars: list[Location], root: Location) -> TarFolder:
    types = _lines(root.child(_TYPE))
    kind = types[0].lower() if types else _TYPES[0]
    if kind not in _TYPES:
        raise UnknownName(f"data set type in {root.child(_TYPE).name}", kind, _TYPES)
    classes, templates = _lines(root.child(_CLASSES)), _lines(root.child(_TEMPLATES))
    return TarFolder(tars, kind, classes, [one.replace("{c}", "{}") for one in templates])


def _lines(file: Location) -> list[str]:
    """Return the lines of a text file, as CLIP_benchmark reads them; [] if there is no file."""
    return [line.strip() for line in file.read_text().splitlines()] if file.is_file() else []
