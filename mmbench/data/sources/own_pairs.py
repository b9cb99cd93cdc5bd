"""The data source `own-pairs`: media files and their texts, in any layout, for retrieval."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from mmbench.columns import are_distinct
from mmbench.data.mapping.column_roles import MEDIUM, Chosen, Role, choose_columns
from mmbench.data.mapping.media_columns import Columns, column_list, one_medium
from mmbench.data.mapping.pairs import PairColumns, pairs_from_rows
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of
from mmbench.data.readers.records import is_missing
from mmbench.data.readers.rows import Rows
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed

_ROLES = (
    Role(MEDIUM, required=True),
    Role("text", required=True),
    *(Role(f"{medium}_id") for medium in MEDIA),
    Role("id"),
)


@declare_source("table", "json", "folder", any_layout=True)
def own_pairs(
    root: DataPlace | None,
    *,
    path: str = "",
    columns: dict[str, Columns] | None = None,
    split: str | None = None,
) -> RetrievalData:
    """Load texts as queries ("text") and images, audio or videos as corpus, linked by the rows.

    `root` or `path` is the place of the data in any layout of `own_rows`, and `split` a split.
    `columns` gives the column of each role: image, audio or video; text, a column or a list of
    columns with a string or a list of strings; optionally id, and image_id, audio_id or video_id.
    Other roles have the column that `choose_columns` infers; the provenance says which.

    Rows with the same image id, or without ids the same path or bytes, share an image. If ids
    repeat and there are no image ids, the ids are those of images. The image ids of tar archives
    are their keys. The id of an image defaults to the name of its file without extension, or to the
    number of its first row; that of a text to the number of its row. `pairs_from_rows` describes
    rows that lack a text or an image.

    Raises DataError for data that cannot be read and for rows without any text, ColumnsNeeded if a
    column is not known.
    """
    rows = rows_of(root, path, split)
    rows.refuse_no_rows()
    chosen = choose_columns(rows, columns or {}, _ROLES)
    pairs = _pair_columns(rows, chosen)
    data = pairs_from_rows(rows, pairs)
    if not data.queries:
        raise DataError(
            f"{rows.place}: no row has a text in {listed(pairs.texts)}; name another column with"
            " --columns text=NAME"
        )
    return replace(data, source={**data.source, **chosen.provenance()})


def _pair_columns(rows: Rows, chosen: Chosen) -> PairColumns:
    columns: Mapping[str, Columns] = chosen.columns
    modality = one_medium(columns)
    ident, medium_id = (str(columns.get(role, "")) for role in ("id", f"{modality}_id"))
    if ident and not medium_id and _repeats(rows, ident):
        ident, medium_id = "", ident
    medium_id = medium_id or rows.media_ids()
    medium, texts = columns[modality], column_list(columns["text"])
    return PairColumns(modality, medium, texts, ident, medium_id, own=False, short_ids=True)


def _repeats(rows: Rows, column: str) -> bool:
    """Return whether a value occurs twice in a column of ids; empty cells do not count."""
    ids = [str(cell) for cell in rows.column(column) if not is_missing(cell) and cell != ""]
    return not are_distinct(ids)
