"""Media from another configuration of a data set: the option `join` of the source `rows`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from mmbench.columns import patch_rows, take_rows
from mmbench.data.mapping.media_columns import media_inputs
from mmbench.data.readers.annotation_files import option_as
from mmbench.data.readers.library.rows import LibraryRows, library_rows
from mmbench.data.readers.rows import Rows
from mmbench.errors import DataError, SpecError
from mmbench.types import InvalidContent


class _Join(Struct, frozen=True):
    """The data option `join`: another configuration of the data set, and how to join its rows.

    `name` is the configuration, and `columns` maps the inputs to its columns. A loaded row gets
    these inputs from the row of the configuration with the same id: the cell in the column `by` of
    the loaded row equals the cell in the column `id` of the configuration.
    """

    name: str
    by: str
    id: str
    columns: dict[str, str]


class JoinedMedia:
    """The media of another configuration of a data set, looked up by row id."""

    def __init__(self, join: _Join, other: LibraryRows) -> None:
        self._join, self._other = join, other
        self._media = media_inputs(other, join.columns)
        texts = sorted(join.columns.keys() - self._media.keys())
        if texts:
            raise DataError(
                f"{other.place}: input {texts[0]} of data option join is not an image, audio or"
                " video column; remove it"
            )
        self._place = {str(key): at for at, key in enumerate(other.column(join.id))}

    def media(self, rows: Rows) -> dict[str, Sequence[Any]]:
        """Return the media items of each row by input name; an InvalidContent for an unknown id."""
        import numpy as np

        keys = list(map(str, rows.column(self._join.by)))
        broken = {
            at: InvalidContent(
                f"{rows.where(at)}: {self._join.by} {key!r} has no row in {self._other.place}"
            )
            for at, key in enumerate(keys)
            if key not in self._place
        }
        if len(broken) == len(keys):
            return {name: list(broken.values()) for name in self._media}
        rows_there = np.array([self._place.get(key, 0) for key in keys], np.int64)
        return {
            name: patch_rows(take_rows(cells, rows_there), broken)
            for name, cells in self._media.items()
        }


def open_join(
    join: Mapping[str, object], root: Path | None, path: str, split: str, revision: str | None
) -> JoinedMedia:
    """Open the configuration that the data option `join` names.

    The other arguments describe the data set (`open_dataset`). Raises SpecError and DataError.
    """
    if join.keys() != {"name", "by", "id", "columns"}:
        raise SpecError(
            f"data option join has the keys {', '.join(map(str, join))};"
            " give exactly name, by, id and columns"
        )
    parsed = option_as(_Join, join, "join")
    return JoinedMedia(parsed, library_rows(root, path, parsed.name, split, revision))
