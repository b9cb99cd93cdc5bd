"""The data source `captioned`: texts about images, sounds or videos, as they are published.

As `labelled`, for retrieval: the task file says which columns are texts and where the media lie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mmbench.data.mapping.pairs import Caption, retrieval_data
from mmbench.data.mapping.patterns import named
from mmbench.data.mapping.published_rows import Paths, media_of_groups, one_medium, rows_of
from mmbench.data.readers.annotation_files import Files
from mmbench.data.readers.records import Record, text_of
from mmbench.datasets import RetrievalData
from mmbench.text import path_id


def captioned(
    root: Path | None,
    *,
    files: Files,
    media: Paths,
    captions: str | list[str],
    id: str,
    caption_id: str = "",
    rows: str = "",
    table: dict[str, object] | None = None,
    where: dict[str, object] | None = None,
) -> RetrievalData:
    """Captions as queries ("text"), media as corpus ("image", "audio" or "video").

    `files`, `rows`, `table`, `where` and `media` are as in `labelled`. `id` is the column of what
    tells the media apart, or a pattern; rows with the same are about one medium (of paths,
    `./a.wav` is `a.wav`), which lies at a path of one of them. `captions` are the columns of its
    texts. A text's id is in `caption_id`, which has to be one column of texts then; else it is that
    of its medium with `#0`, `#1` behind.

    Raises DataError for what cannot be read and for ids that stand twice, UnknownName for a column
    that is not there.
    """
    modality, paths = one_medium(media)
    columns = [captions] if isinstance(captions, str) else captions
    read = [id, caption_id, *columns, *paths]
    file, records = rows_of(
        root, files, "captioned", entry=rows, table=table, where=where, columns=read
    )
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(path_id(named(id, record)), []).append(record)
    contents = media_of_groups(groups.values(), paths, modality, file)
    texts = _texts(records, columns, id, caption_id)
    return retrieval_data(zip(groups, contents, strict=True), texts, str(file), modality)


def _texts(
    records: list[Record], columns: list[str], id: str, caption_id: str
) -> Iterator[Caption]:
    seen: Counter[str] = Counter()
    for record in records:
        document = path_id(named(id, record))
        for column in columns:
            ident = named(caption_id, record) if caption_id else f"{document}#{seen[document]}"
            seen[document] += 1
            yield Caption(ident, document, text_of(record, column))
