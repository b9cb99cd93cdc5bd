"""The rows of tar archives: one row for each sample, one column for each extension."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cached_property, partial
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from mmbench.columns import Mapped, pack, patch_rows, take_rows
from mmbench.data.readers.folders import MEDIA, as_modality
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.data.readers.tars.layouts import TarFolder, open_folder
from mmbench.data.readers.tars.shards import Shard, TarMembers, open_shard
from mmbench.data.readers.tars.values import (
    as_numbers,
    is_json,
    is_value,
    member_modality,
)
from mmbench.errors import DataError
from mmbench.media.inside import MediaInFile
from mmbench.storage.content_keys import cache_folder
from mmbench.storage.key_store import HASHES, KeyStore
from mmbench.text import count, listed
from mmbench.types import Media, Modality

_KEY = "key"
_CLASS, _VECTOR = "cls", "npy"  # a class as a number, and zeros and ones for all classes
_LABEL = "label"


def tar_rows(places: str | Path | Sequence[str | Path], split: str | None = None) -> TarRows:
    """Open tar archives of samples (WebDataset) as rows.

    `places` is a file, a folder, a pattern (`{000..099}`, `*`) or a list of files and patterns, on
    disk or at URLs that fsspec opens. A folder has archives (`*.tar`), or a subfolder of archives
    for each split; `split` is then read, by default `test` or the only one. The layouts of
    CLIP_benchmark and img2dataset are recognised (`TarFolder`, `failed_rows`).

    The headers of an archive are read once and cached. Raises DataError for archives that cannot be
    read, are compressed, damaged or truncated, or have samples that cannot be told apart;
    UnknownName for an unknown split.
    """
    every = [places] if isinstance(places, str | Path) else list(places)
    folder = open_folder(every, split)
    with closing(KeyStore(cache_folder() / HASHES)) as store:
        shards = [open_shard(tar, store) for tar in folder.tars]
    place = str(every[0]) if len(every) == 1 else f"{count(len(shards), 'tar archive')}"
    return TarRows(place, folder, shards)


class TarRows(Rows):
    """The samples of tar archives; members are read by their offset when they are needed.

    The columns are `key`; `image`, `audio` or `video`, if no sample has two members of this
    modality; one for each extension (`jpg`, `txt`, `cls`, `left.jpg`); and the fields of JSON
    members. A sample without a member or field has None there. If a key occurs in several archives,
    keys begin with the name of the archive.

    `kind`, `classes` and `templates` are those of CLIP_benchmark's layout (`TarFolder`); its
    multi-label data have the column `label` with lists of class numbers instead of `npy`. Raises
    DataError if there are no samples, or if an archive of img2dataset lacks its table.
    """

    def __init__(self, place: str, folder: TarFolder, shards: Sequence[Shard]) -> None:
        first = shards[0].file
        super().__init__(place, Path(first.name).parent, sum(len(shard.keys) for shard in shards))
        self.kind = folder.kind
        self._classes, self._templates = list(folder.classes), list(folder.templates)
        self._shards = shards
        self._ends = list(accumulate(len(shard.keys) for shard in shards))
        self._members: dict[str, list[TarMembers]] = {}
        self.source = {} if first.path is not None else {"path": place}
        self._refuse_faults()

    def _refuse_faults(self) -> None:
        if not self.total:
            raise DataError(
                f"{self.place}: no samples; give archives with members such as 000.jpg and 000.txt"
            )
        lacking = [
            shard.file.name.rpartition("/")[2] for shard in self._shards if not shard.has_failures
        ]
        if 0 < len(lacking) < len(self._shards):
            raise DataError(
                f"{self.place}: other archives have a Parquet file of failed downloads, but not"
                f" {listed(lacking)}; finish the download with img2dataset, or remove the archive"
            )

    def names(self) -> list[str]:
        """Return the names of the columns."""
        renamed = {_VECTOR: _LABEL} if self.kind == "multilabel" else {}
        extensions = [renamed.get(name, name) for name in self._extensions]
        return [_KEY, *self._modalities, *extensions, *self._fields]

    @cached_property
    def _extensions(self) -> list[str]:
        names = dict.fromkeys(chain.from_iterable(shard.columns for shard in self._shards))
        return [name for name in names if name not in (_KEY, *MEDIA)]

    @cached_property
    def _modalities(self) -> dict[str, list[str]]:
        """The extensions of each modality of which no sample has two members."""
        every = dict.fromkeys(chain.from_iterable(shard.columns for shard in self._shards))
        by_modality = {
            str(modality): [
                one for one in every if one == modality or member_modality(one) == modality
            ]
            for modality in MEDIA
        }
        return {m: some for m, some in by_modality.items() if some and self._are_alternatives(some)}

    def _are_alternatives(self, extensions: Sequence[str]) -> bool:
        for shard in self._shards:
            columns = [shard.columns.get(one, {}) for one in extensions]
            if len(set(chain.from_iterable(columns))) < sum(map(len, columns)):
                return False
        return True

    @cached_property
    def _fields(self) -> Mapping[str, Sequence[Any]]:
        """The fields of the JSON members, except those with the names of other columns."""
        rows: list[dict[str, Any]] = [{} for _ in range(self.total)]
        for extension in filter(is_json, self._extensions):
            for row, cell in zip(rows, self.column_of_values(extension), strict=True):
                row.update(cell if isinstance(cell, dict) else {})
        known = {_KEY, _LABEL if self.kind == "multilabel" else _KEY}
        known |= {*self._modalities, *self._extensions}
        names = dict.fromkeys(name for row in rows for name in row if name not in known)
        return {name: pack([row.get(name) for row in rows]) for name in names}

    def where(self, at: int) -> str:
        """Return the place of a selected row, counted from 0, for messages."""
        shard, row = self._place(int(self.numbers[at]))
        return shard.where(row)

    def _place(self, number: int) -> tuple[Shard, int]:
        at = bisect_right(self._ends, number)
        return self._shards[at], number - (self._ends[at - 1] if at else 0)

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column for all rows: keys, media, values or fields of JSON."""
        if name == _KEY:
            return self._keys()
        if name in self._fields:
            return self._fields[name]
        modality = as_modality(name) or member_modality(name)
        if modality:
            return self._media(name, modality)
        is_vector = name == _LABEL and self.kind == "multilabel"
        return self.column_of_values(_VECTOR if is_vector else name)

    def _keys(self) -> Sequence[str]:
        keys = [key for shard in self._shards for key in shard.keys]
        if len(set(keys)) == len(keys) or len(self._shards) == 1:
            return pack(keys)
        names = _distinct_names([shard.file.name for shard in self._shards])
        return pack(
            [
                f"{n}/{key}"
                for n, shard in zip(names, self._shards, strict=True)
                for key in shard.keys
            ]
        )

    def column_of_values(self, extension: str) -> Sequence[Any]:
        """Return the values of the members with an extension, for all rows. Raises DataError."""
        if extension not in self._read:
            parts = [self._shard_values(shard, extension) for shard in self._shards]
            self._read[extension] = as_numbers(extension, pack(list(chain.from_iterable(parts))))
        return self._read[extension]

    def _shard_values(self, shard: Shard, extension: str) -> list[Any]:
        if shard.has_failures:
            return shard.values_with_failures(extension)
        cells = shard.values(extension, "list" if self.kind == "retrieval" else "several")
        if self.kind == "multilabel" and extension == _VECTOR:
            return [self._class_numbers(cell, shard.where(at)) for at, cell in enumerate(cells)]
        return cells

    def _class_numbers(self, cell: Any, where: str) -> list[int] | None:
        """Return the numbers of the classes that have a 1 in a cell of zeros and ones."""
        if cell is None:
            return None
        n = len(self._classes)
        is_list = isinstance(cell, list) and (not n or len(cell) == n)
        if not is_list or any(one not in (0, 1) for one in cell):
            classes = f"each of {count(n, 'class')}" if n else "each class"
            raise DataError(f"{where}: the member .npy must have a 0 or 1 for {classes}")
        return [number for number, one in enumerate(cell) if one]

    def content_type(self, column: str) -> str:
        """Return image, audio, video or bytes if the members in a column are that, else ""."""
        modality = as_modality(column) if column in self._modalities else None
        if column in self._extensions:
            modality = member_modality(column)
            return modality or ("" if is_value(column) else "bytes")
        return modality or ""

    def classes(self, column: str) -> list[str]:
        """Return the class names of CLIP_benchmark's layout for the column of labels, else []."""
        return self._classes if column == (_LABEL if self.kind == "multilabel" else _CLASS) else []

    def templates(self) -> list[str]:
        """Return the class prompts of CLIP_benchmark's layout, with `{}` for a class, else []."""
        return self._templates

    def media_ids(self) -> str:
        """Return the column of keys: each sample has its own media, even with equal bytes."""
        return _KEY

    def media(self, column: str, modality: Modality) -> Sequence[MediaCell]:
        """Return the members in a column as media; no bytes are read.

        The cells of a column of texts, or of a field of JSON, are paths of files.
        """
        self.refuse_unknown(column)
        if column in self._fields or is_value(column):
            return super().media(column, modality)
        cells = self._media(column, modality)
        return cells if len(self) == self.total else take_rows(cells, self.numbers)

    def _media(self, column: str, modality: Modality) -> Sequence[MediaCell]:
        import numpy as np

        if column not in self._members:
            extensions = self._modalities.get(column, [column])
            self._members[column] = [_members(one, extensions, column) for one in self._shards]
        media = self._members[column]
        empty = np.concatenate([members.empty() for members in media]).nonzero()[0]
        medium = partial(self._medium, media, modality)
        return patch_rows(Mapped(medium, range(self.total)), dict.fromkeys(empty.tolist()))

    def _medium(self, media: Sequence[TarMembers], modality: Modality, number: int) -> Media:
        at = bisect_right(self._ends, number)
        row = number - (self._ends[at - 1] if at else 0)
        return Media(modality, media[at].name(row), MediaInFile(media[at], row))


def _members(shard: Shard, extensions: Sequence[str], column: str) -> TarMembers:
    import numpy as np

    members = np.full(len(shard.keys), -1, np.int64)
    for extension in extensions:
        cells = shard.columns.get(extension, {})
        members[list(cells)] = list(cells.values())
    return TarMembers(shard, members, column)


def _distinct_names(names: Sequence[str]) -> list[str]:
    """Return short names of archives: the shortest ends of their paths that are distinct."""
    parts = [name.removesuffix(".tar").split("/") for name in names]
    for length in range(1, max(map(len, parts))):
        ends = ["/".join(one[-length:]) for one in parts]
        if len(set(ends)) == len(ends):
            return ends
    return list(names)
