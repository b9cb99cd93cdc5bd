"""Where the images of an annotations file are: one listing per folder, no look at each file.

The folders are those that published code keeps these data sets in:
`val2014` and `train2014` beside the annotations (LAION-AI/CLIP_benchmark
clip_benchmark/datasets/builder.py; dandelin/ViLT DATA.md) or under `images`, and `images` alone for
Flickr (fartashf/vsepp data.py), `imgs` (karpathy/neuraltalk imagernn/data_provider.py),
`flickr30k-images` (dandelin/ViLT DATA.md), `flickr30k_images` and `Images` (the archives that
CLIP_benchmark unpacks). `val2017` and `train2017` are the folders of COCO's own archives
(`Flicker8k_Dataset`: unverified).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from reprlib import repr
from typing import NamedTuple
from unicodedata import normalize

from mmbench.errors import DataError
from mmbench.surrogates import escape_surrogates
from mmbench.types import Broken, Content, Media, Modality

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|data:[^,]*,")
_LONGEST = 4096  # bytes of a path on Linux
_COCO = ("val2017", "val2014", "train2017", "train2014")
_FLICKR = ("Images", "imgs", "flickr30k-images", "flickr30k_images", "Flicker8k_Dataset")
_MANY = {"image": "images", "audio": "sounds", "video": "videos", "text": "texts"}
FOLDERS = ("", *_COCO, "images", *(f"images/{name}" for name in _COCO), *_FLICKR)


def find_images(
    wanted: Sequence[Sequence[str]],
    beside: Path,
    source: str,
    modality: Modality = "image",
    *,
    required: bool = True,
) -> list[Content]:
    """The images that `source` names: for each a list of relative paths, best first.

    Sounds and films are found in the same way, by their `modality`.

    They are looked for in the folder `beside` and then in its parent, in each by way of `FOLDERS`;
    absolute ones where they say. An image that is not there becomes a Media with the path it was
    looked for at, which fails when it is read; a name that no file can have (`no_path`) becomes
    Broken. Where there is none of them all, raises DataError if they are `required`, and else
    returns a Broken for each: embeddings are scored without them.
    """
    search = _Search(beside)
    found = [search.find(names) for names in wanted]
    if wanted and not any(found):
        reason = no_path(wanted[0][0]) or (
            f"{source}: none of its {len(wanted)} {_MANY[modality]} is there, e.g."
            f" {wanted[0][0]!r}; looked in {', '.join(search.listed())}: put the"
            f" {_MANY[modality]}, or their folder, there"
        )
        if required:
            raise DataError(reason)
        return [Broken(reason)] * len(wanted)
    home = search.home or ""
    pairs = zip(found, wanted, strict=True)
    return [_content(path, names[0], home, modality) for path, names in pairs]


def no_path(name: str) -> str:
    """Return why no file can have this name, empty where one can: nothing is downloaded."""
    if _ADDRESS.match(name):
        return f"{repr(name)} is an address: download the file and give its path"
    if len(name) > _LONGEST:
        return f"{repr(name)} is no path: it has {len(name)} characters; write it to a file"
    return f"{name!r} is not the name of a file" if "\0" in name else ""


def _content(path: str | None, name: str, home: str, modality: Modality) -> Content:
    reason = "" if path else no_path(name)
    if reason:
        return Broken(reason)
    return Media(modality, path or str(Path(home, name)))


class _Listing(NamedTuple):
    """A folder to look in, the place in it, and the names of files there."""

    folder: str
    place: str
    names: dict[str, str]


class _Search:
    def __init__(self, beside: Path) -> None:
        above = beside / ".." if beside.name in ("", "..") else beside.parent
        self._folders = [str(base / name) for base in (beside, above) for name in FOLDERS]
        self.home: str | None = None  # where the first image was found
        self._lists: dict[str, list[_Listing]] = {}

    def find(self, names: Sequence[str]) -> str | None:
        for name in names:
            head, _, tail = name.rpartition("/")
            for folder, place, present in self._listings(head):
                found = present.get(tail) or present.get(_composed(tail))
                if found:
                    self.home = self.home or folder
                    return f"{place}/{found}"
        return None

    def _listings(self, head: str) -> list[_Listing]:
        """Return the files below each folder that has some there."""
        if head not in self._lists:
            places = [(f, str(Path(f, head)) if head else f) for f in self._folders]
            listings = [_Listing(folder, place, _file_names(place)) for folder, place in places]
            self._lists[head] = [one for one in listings if one.names]
        return self._lists[head]

    def listed(self) -> list[str]:
        """The folders among those looked in that exist."""
        return [folder for folder in self._folders if Path(folder).is_dir()]


def _file_names(folder: str) -> dict[str, str]:
    """Names in a folder, by themselves, composed and escaped; none where there is no such folder.

    macOS writes an accent as a character of its own (NFD), where a table has it composed (NFC). A
    table, which is text, has a name that is not UTF-8 as `escape_surrogates` writes it.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except (OSError, ValueError):
        # A ValueError is a name with a NUL in it.
        return {}
    spelt = {_composed(name): name for name in names}
    spelt |= {escape_surrogates(name): name for name in names}
    return spelt | {name: name for name in names}


def _composed(name: str) -> str:
    return name if name.isascii() else normalize("NFC", name)
