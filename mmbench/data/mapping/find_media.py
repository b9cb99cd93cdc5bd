"""Search for the media files that rows name. Each folder is listed once, and no file is opened.

The folders searched are those that published code uses for these data sets. For COCO: `val2014` and
`train2014` next to the annotations (LAION-AI/CLIP_benchmark clip_benchmark/datasets/builder.py;
dandelin/ViLT DATA.md) or in `images`. For Flickr: `images` itself (fartashf/vsepp data.py), `imgs`
(karpathy/neuraltalk imagernn/data_provider.py), `flickr30k-images` (dandelin/ViLT DATA.md),
`flickr30k_images` and `Images` (the archives that CLIP_benchmark unpacks). `val2017` and
`train2017` are the folders of COCO's own archives (`Flicker8k_Dataset`: unverified).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from reprlib import repr
from typing import NamedTuple
from unicodedata import normalize

from mmbench.columns import Mapped, pack, patch_rows
from mmbench.surrogates import escape_surrogates
from mmbench.types import Content, InvalidContent, Media, Modality

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|data:[^,]*,")
_LONGEST = 4096  # the longest path on Linux, in bytes
_COCO = ("val2017", "val2014", "train2017", "train2014")
_FLICKR = ("Images", "imgs", "flickr30k-images", "flickr30k_images", "Flicker8k_Dataset")
NOUNS = {"image": "image", "audio": "audio file", "video": "video", "text": "text"}
FOLDERS = ("", *_COCO, "images", *(f"images/{name}" for name in _COCO), *_FLICKR)


def find_media(
    name_lists: Sequence[Sequence[str]],
    folder: Path,
    source: str,
    modality: Modality = "image",
    *,
    listed: bool = False,
) -> Sequence[Content]:
    """Return the media item for each list of candidate paths; the first path that exists is used.

    Relative paths are searched in `folder` and in its parent, and in the subfolders `FOLDERS` of
    each; absolute paths are used as they are. If no candidate exists, the result is a Media with
    the first path, which fails when it is read. A name that cannot be a file name (`path_problem`)
    becomes an InvalidContent. If no file is found for any list, every result is an InvalidContent;
    if `listed` is true, the reason names `source` and lists the folders searched. No error is
    raised, because outputs can be scored without media.
    """
    search = _Search(folder)
    # Search only once for a file that many questions share.
    keys = [tuple(names) for names in name_lists]
    paths = {names: search.find(names) for names in dict.fromkeys(keys)}
    if any(paths.values()):
        home = search.home or ""
        media = {n: _content(path, n[0], home, modality) for n, path in paths.items()}
        return [media[names] for names in keys]
    if keys and listed:
        many = f"{NOUNS[modality]}s"
        reason = path_problem(keys[0][0]) or (
            f"{source}: none of its {len(keys)} {many} was found, e.g. {keys[0][0]!r} (looked in"
            f" {', '.join(search.listed())}); put the {many}, or their folder, there"
        )
        return [InvalidContent(reason)] * len(keys)
    missing = partial(_missing, folder=folder, modality=modality)
    return Mapped(missing, pack([names[0] for names in keys]))


def locate_media(
    cells: Sequence[str | Sequence[str] | Content | None],
    folder: Path,
    source: str,
    modality: Modality,
    *,
    listed: bool = False,
) -> Sequence[Content | None]:
    """Return the media items for a column of paths or of lists of paths (see `find_media`).

    Other cells (an encoded image, audio or video, an InvalidContent, None) are returned unchanged.
    """
    paths = {
        at: [cell] if isinstance(cell, str) else cell
        for at, cell in enumerate(cells)
        if isinstance(cell, str | list)
    }
    media = find_media(list(paths.values()), folder, source, modality, listed=listed)
    if len(paths) == len(cells):
        return media
    return patch_rows(cells, dict(zip(paths, media, strict=True)))  # type: ignore[arg-type]


def path_problem(name: str) -> str:
    """Return the reason why no file can have this name, or "" if a file can.

    A URL has a reason too: nothing is downloaded.
    """
    if _ADDRESS.match(name):
        return f"{repr(name)} is a URL; download the file and give its path"
    if len(name) > _LONGEST:
        return f"{repr(name)} is too long for a path ({len(name)} characters); write it to a file"
    return f"{name!r} is not a valid file name" if "\0" in name else ""


def _missing(name: str, folder: Path, modality: Modality) -> InvalidContent:
    problem = f"no {modality} file {name}; give --data FOLDER with the {modality} files"
    reason = path_problem(name) or problem
    return InvalidContent(reason, str(Path(folder, name)))


def _content(path: str | None, name: str, home: str, modality: Modality) -> Content:
    reason = "" if path else path_problem(name)
    return InvalidContent(reason) if reason else Media(modality, path or str(Path(home, name)))


class _Listing(NamedTuple):
    """The files at one searched path below one searched folder."""

    folder: str
    place: str
    names: dict[str, str]


class _Search:
    def __init__(self, root: Path) -> None:
        above = root / ".." if root.name in ("", "..") else root.parent
        self._folders = [str(base / name) for base in (root, above) for name in FOLDERS]
        self.home: str | None = None  # where the first file was found
        self._lists: dict[str, list[_Listing]] = {}

    def find(self, names: Sequence[str]) -> str | None:
        for name in names:
            head, _, tail = name.rpartition("/")
            for folder, place, present in self._listings(head):
                actual = present.get(tail) or present.get(_composed(tail))
                if actual:
                    self.home = self.home or folder
                    return f"{place}/{actual}"
        return None

    def _listings(self, head: str) -> list[_Listing]:
        """Return the file listings of the subfolder `head` in every searched folder that has it."""
        if head not in self._lists:
            places = [(f, str(Path(f, head)) if head else f) for f in self._folders]
            listings = [_Listing(folder, place, _file_names(place)) for folder, place in places]
            self._lists[head] = [one for one in listings if one.names]
        return self._lists[head]

    def listed(self) -> list[str]:
        """Return the searched folders that exist."""
        return [folder for folder in self._folders if Path(folder).is_dir()]


def _file_names(folder: str) -> dict[str, str]:
    """Return {spelling: file name} for the files in a folder; {} if there is no such folder.

    A file has up to three spellings: its name, the composed form of its name (NFC) and the escaped
    form. macOS writes accents as separate characters (NFD), but tables usually have them composed.
    A table contains text only, so a file name that is not UTF-8 appears there as
    `escape_surrogates` writes it.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except (OSError, ValueError):
        # A name with a NUL raises ValueError.
        return {}
    spelt = {_composed(name): name for name in names}
    spelt |= {escape_surrogates(name): name for name in names}
    return spelt | {name: name for name in names}


def _composed(name: str) -> str:
    return name if name.isascii() else normalize("NFC", name)
