"""The data source `caption-rows`: texts about media, from a data set of the datasets library."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from reprlib import repr

from msgspec.structs import replace

from mmbench.data.mapping.pairs import Caption, retrieval_data
from mmbench.data.mapping.published_rows import one_medium
from mmbench.data.mapping.samples import Columns, Shape, cell
from mmbench.data.readers.hub_datasets import open_dataset
from mmbench.data.readers.library_rows import Rows, beside, encoded
from mmbench.data.readers.records import Record, text_id
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import path_id
from mmbench.types import Broken, Content


@declare_source(hub=True)
def caption_rows(
    root: Path | None,
    *,
    path: str = "",
    media: dict[str, str],
    captions: Columns,
    name: str | None = None,
    split: str = "test",
    revision: str | None = None,
    where: dict[str, object] | None = None,
    id: str = "",
) -> RetrievalData:
    """Captions as queries ("text"), media as corpus ("image", "audio" or "video").

    `path`, `name`, `split`, `revision` and `where` are as in the source `rows`. `media` maps image,
    audio or video to its column; `captions` is a column of a text or of a list of texts, or several
    columns. Rows with the same `id` are about one medium, that of the first; without one each row
    has a medium of its own, numbered from 0. A text's id is that of its medium with `#0`, `#1`
    behind it. Media are paths, bytes or structs of both, and stay encoded until they are needed.

    Raises DataError for what cannot be had or read, UnknownName for a column that is not there.
    """
    modality, _ = one_medium(media)
    dataset, source = open_dataset(root, path, name, split, revision)
    label = f"{source['path']} ({', '.join(filter(None, [name, split]))})"
    columns = [captions] if isinstance(captions, str) else list(captions)
    held = encoded(dataset, Shape(id, media), label, beside(source))
    first: dict[str, Content] = {}
    texts: list[Caption] = []
    seen: Counter[str] = Counter()
    wanted = [*filter(None, [id]), *media.values(), *columns, *(where or {})]
    rows = Rows(held)
    documents: list[str] = []
    for number, record in rows.chosen(held.records(wanted), where):
        document = path_id(text_id(record, (id,))) if id else str(number)
        documents.append(document)
        for text in _texts(record, columns):
            texts.append(Caption(f"{document}#{seen[document]}", document, text))
            seen[document] += 1
    for document, contents in zip(documents, held.contents(rows), strict=True):
        first.setdefault(document, contents[modality])
    return replace(retrieval_data(first.items(), texts, label, modality), source=source)


def _texts(record: Record, columns: list[str]) -> list[str | Broken]:
    """The texts of a row, a list's one by one. Raises DataError for what is no text."""
    found: list[str | Broken] = []
    for column in columns:
        value = cell(record, column)
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str | None):
                raise DataError(f"{record.where}: {column} is {repr(text)}: a text is needed")
            found.append(Broken("empty caption") if text is None else text)
    return found
