"""A training list in any layout of own data, read in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mmbench.data.mapping.column_roles import MEDIUM, Chosen, Role, choose_columns
from mmbench.data.mapping.find_media import locate_media
from mmbench.data.mapping.media_columns import Columns, column_list, media_cells
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.own_data import own_rows
from mmbench.data.readers.rows import Rows
from mmbench.errors import DataError, UserError
from mmbench.text import plain
from mmbench.types import InvalidContent, Media, Modality

SPLIT = "train"  # of a data set with several
BLOCK = 8192  # rows; batches are planned over as many requests


class TrainingItem(NamedTuple):
    """A content of the training list, and the id of its row."""

    id: str
    content: str | Media


class TrainingBlock(NamedTuple):
    """The contents of some rows. `rows` is their number, `unusable` how many lack a media item."""

    items: list[TrainingItem]
    rows: int
    unusable: int


class TrainingRows:
    """The rows of a training list at `place`, in a layout of `own_rows`.

    `columns` are the columns that the user names, by role: image, audio or video; text; id. Each
    row may have a media item, texts or both. The id of a row defaults to the path of its media item
    or to its number. `split` is read of a data set with several splits. Raises DataError for data
    that cannot be read and for unknown columns.
    """

    def __init__(
        self, place: str, columns: Mapping[str, Columns] | None = None, split: str = SPLIT
    ) -> None:
        try:
            self._rows = own_rows(place, split)
            self._rows.refuse_no_rows()
            self._chosen = _chosen(self._rows, columns or {}).columns
        except UserError as error:
            message = str(error).replace("--columns", "--train-columns")
            message = message.replace("set data option `split`, or --split", "add --train-split")
            raise DataError(f"--train: {message}") from error
        self._modality = next((m for m in MEDIA if m in self._chosen), None)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def modalities(self) -> set[Modality]:
        """The modalities of the contents."""
        texts: set[Modality] = {"text"} if self._chosen.get("text") else set()
        return texts | ({self._modality} if self._modality else set())

    def blocks(self) -> Iterator[TrainingBlock]:
        """Yield the contents of up to `BLOCK` rows at a time."""
        media = self._media_cells()
        texts = [self._rows.column(name) for name in column_list(self._chosen.get("text", ""))]
        ids = self._ids()
        for start in range(0, len(self), BLOCK):
            part = slice(start, min(start + BLOCK, len(self)))
            yield self._block(part, media, texts, ids)

    def _block(
        self,
        part: slice,
        media: Sequence[Any] | None,
        texts: Sequence[Sequence[Any]],
        ids: Sequence[Any] | None,
    ) -> TrainingBlock:
        rows = range(part.start, part.stop)
        cells = list(media[part]) if media is not None else [None] * len(rows)
        own = list(ids[part]) if ids is not None else [None] * len(rows)
        names = [self._name(*one) for one in zip(rows, own, cells, strict=True)]
        items, unusable = self._located(names, cells) if media is not None else ([], 0)
        for column in texts:
            items += [
                TrainingItem(name, text)
                for name, cell in zip(names, column[part], strict=True)
                for text in (cell if isinstance(cell, list) else [cell])
                if isinstance(text, str) and text
            ]
        return TrainingBlock(items, len(rows), unusable)

    def _media_cells(self) -> Sequence[Any] | None:
        if self._modality is None:
            return None
        return media_cells(self._rows, self._chosen[self._modality], self._modality)

    def _ids(self) -> Sequence[Any] | None:
        name = self._chosen.get("id") or self._rows.media_ids()
        return self._rows.column(str(name)) if name else None

    def _name(self, row: int, ident: object, cell: object) -> str:
        if isinstance(ident, str | int) and ident != "":
            return str(ident)
        path = cell[0] if isinstance(cell, list) and cell else cell
        return path if isinstance(path, str) else f"row {self._rows.numbers[row]}"

    def _located(
        self, names: Sequence[str], cells: Sequence[Any]
    ) -> tuple[list[TrainingItem], int]:
        """Return the media items of a block, and the number of rows without one."""
        assert self._modality is not None  # called for a list with media only
        contents = locate_media(cells, self._rows.folder, self._rows.place, self._modality)
        pairs = list(zip(names, contents, strict=True))
        items = [TrainingItem(name, one) for name, one in pairs if isinstance(one, Media)]
        invalid = sum(isinstance(one, InvalidContent) for _, one in pairs)
        if invalid == len(self):
            reason = next(one.reason for _, one in pairs if isinstance(one, InvalidContent))
            reason = reason.replace("--data FOLDER with", "--train FOLDER with the list and")
            raise DataError(
                f"--train: no row has a readable {self._modality}: {plain(reason, 400)}"
            )
        return items, len(pairs) - len(items)


def _chosen(rows: Rows, named: Mapping[str, Columns]) -> Chosen:
    """Return the columns of a training list, which needs media, texts or both."""
    chosen = choose_columns(rows, named, [Role(MEDIUM), Role("text"), Role("id")])
    if not {"text", *MEDIA} & chosen.columns.keys():
        choose_columns(rows, named, [Role(MEDIUM, required=True), Role("id")])
    return chosen
