"""Media of rows in another configuration of a data set: the option `join` of the source `rows`."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from mmbench.columns import Mappings, patched, taken
from mmbench.data.mapping.samples import Shape, cell
from mmbench.data.readers.annotation_files import option_as
from mmbench.data.readers.hub_datasets import open_dataset
from mmbench.data.readers.library_rows import Rows, beside, encoded
from mmbench.errors import DataError, SpecError
from mmbench.types import Broken


class _Join(Struct, frozen=True):
    """A joined configuration: its name, the columns of the ids there and here, and its inputs."""

    name: str
    by: str
    id: str
    fields: dict[str, str]


class _Joined:
    """Another configuration of a data set, whose rows are found by their id."""

    def __init__(
        self, join: _Join, root: Path | None, path: str, split: str, revision: str | None
    ) -> None:
        dataset, source = open_dataset(root, path, join.name, split, revision)
        label = f"{source['path']} ({join.name}, {split})"
        self._held = encoded(dataset, Shape(join.id, join.fields), label, beside(source))
        texts = sorted(join.fields.keys() - self._held.media)
        if texts:
            raise DataError(f"{label}: join adds media, and {texts[0]} holds none: leave it out")
        self._rows = {
            str(cell(r, join.id)): (n, r)
            for n, r in self._held.records([join.id, *join.fields.values()])
        }
        self.by, self._label = join.by, label

    def contents(self, rows: Rows) -> Mappings:
        """Return the media that belong to each row; Broken where there is none of that id."""
        import numpy as np

        keys = [str(key) for key in rows.cells[self.by]]
        wanted = Rows(self._held)
        place: dict[str, int] = {}
        for key in keys:
            if key in self._rows and key not in place:
                place[key] = len(place)
                wanted.add(*self._rows[key])
        lost = {
            at: Broken(f"{rows.where(at)}: {self.by} {key!r} is not in {self._label}")
            for at, key in enumerate(keys)
            if key not in place
        }
        found = np.array([place.get(key, 0) for key in keys], np.int64)
        media = self._held.contents(wanted).columns
        if not place:
            return Mappings({name: list(lost.values()) for name in media}, len(keys))
        return Mappings({n: patched(taken(c, found), lost) for n, c in media.items()}, len(keys))


def joined_by(
    join: dict[str, object], root: Path | None, path: str, split: str, revision: str | None
) -> _Joined:
    """Return the configuration that the option `join` names. Raises SpecError, DataError."""
    if join.keys() != {"name", "by", "id", "fields"}:
        raise SpecError(
            f"data option join has the keys {', '.join(map(str, join))}:"
            " name, by, id and fields are needed"
        )
    return _Joined(option_as(_Join, join, "join"), root, path, split, revision)
