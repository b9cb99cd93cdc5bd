"""Conversion of media items and their texts to RetrievalData: texts as queries, media as corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from msgspec.structs import replace

from mmbench.columns import pack
from mmbench.data.mapping.find_media import locate_media
from mmbench.data.mapping.media_columns import (
    Columns,
    column_list,
    media_cells,
    missing_medium,
    one_medium,
)
from mmbench.data.mapping.patterns import read_cells
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.layouts.caption_annotations import Caption
from mmbench.data.readers.records import is_missing, parse_id, refuse_duplicates
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.datasets import RetrievalData, sample_columns
from mmbench.errors import DataError, SampleError, SpecError, UnknownName
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.text import normal_path, path_id
from mmbench.types import Content, InvalidContent, Media, Modality

_EMPTY = InvalidContent("empty caption")


def retrieval_data(
    images: Iterable[tuple[str, Content]],
    captions: Iterable[Caption],
    source: str,
    medium: Modality = "image",
) -> RetrievalData:
    """Return captions as queries, images (id, content) as corpus, each caption linked to its image.

    `medium` may be another modality; documents then have an input of this name instead of `image`.
    A caption without text becomes an InvalidContent. A caption may name an image that is not in
    `images`: it is linked to a document outside the corpus. Order is kept. Image ids that are paths
    are normalised by `path_id`. Raises DataError for duplicate ids among queries or documents; its
    message names `source`.
    """
    documents_by_path = [(path_id(id), content) for id, content in images]
    texts = [caption._replace(image=path_id(caption.image)) for caption in captions]
    documents, ids = (
        pack([id for id, _ in documents_by_path]),
        pack([caption.id for caption in texts]),
    )
    refuse_duplicates(f"{medium} id", documents, source)
    refuse_duplicates("caption id", ids, source)
    contents = {str(medium): [content for _, content in documents_by_path]}
    queries = {"text": [_checked(caption.text) for caption in texts]}
    return RetrievalData(
        sample_columns(ids, queries, groups=[caption.image for caption in texts]),
        sample_columns(documents, contents, groups=documents),
        {caption.id: {caption.image: 1.0} for caption in texts},
    )


def first_captions(captions: Iterable[Caption], n: int | None) -> list[Caption]:
    """Return the first n captions of each image, in order; all captions if n is None."""
    if n is None:
        return list(captions)
    seen: Counter[str] = Counter()
    first = []
    for caption in captions:
        seen[caption.image] += 1
        if seen[caption.image] <= n:
            first.append(caption)
    return first


def check_count(option: str, value: int | None) -> None:
    """Raise SpecError unless the value of a data option is None or an integer of at least 1."""
    if value is not None and (not isinstance(value, int) or value < 1):
        raise SpecError(f"data option {option} is {value!r}; give an integer of at least 1")


def _checked(text: str | InvalidContent) -> str | InvalidContent:
    if isinstance(text, str) and not text.strip():
        return _EMPTY
    return text


class PairColumns(NamedTuple):
    """The columns of text-media pairs: texts, media items and the ids of each; "" for no column.

    `medium` is a column, a path with columns in braces, or a list of these in order of preference.
    A text column may hold lists of strings. If `own` is true, each row has its own media item,
    unless the column `medium_id` gives two rows the same id. If `own` is false, rows with the same
    media item share one document. With `short_ids`, the id of a document is the name of its file,
    or the number of its first row, instead of the path or a hash.
    """

    modality: Modality
    medium: Columns
    texts: list[str]
    id: str
    medium_id: str
    own: bool
    short_ids: bool = False

    def names(self) -> list[str]:
        """Return all columns and patterns that are read."""
        return [*column_list(self.medium), *self.texts, self.id, self.medium_id]


def pair_columns(columns: Mapping[str, Columns], rows: Rows | None = None) -> PairColumns:
    """Parse the data option `columns` of a source of text-media pairs.

    Without `rows`, the option must name all columns, and each row has its own media item. With
    `rows`, a key that the option lacks means the column with the name of the key; the modality
    defaults to image; rows with the same media item share one document; and ids may be missing.
    Raises SpecError, and UnknownName for an unknown key or column.
    """
    own = rows is None
    image: Modality = next((medium for medium in MEDIA if medium in columns), "image")
    modality = one_medium(columns) if own else image
    keys = (modality, "text", "id", f"{modality}_id")
    chosen: dict[str, Columns] = {}
    used = [name for one_input in columns.values() for name in column_list(one_input)]
    for key in dict.fromkeys([*columns, *keys]):
        if key not in keys:
            raise UnknownName("key of data option columns", key, keys)
        usual = key if rows is not None and rows.has(key) and key not in used else ""
        chosen[key] = columns.get(key, usual)
        if key.endswith("id") and not isinstance(chosen[key], str):
            raise SpecError(f"data option columns: {key} is a list; give one column")
        if key in keys[:2] and not chosen[key]:
            if rows is None:
                raise SpecError("data option columns: text is missing; give one or more columns")
            hint = f"name it in the task file: data: {{columns: {{{key}: NAME}}}}"
            raise UnknownName(f"column of {rows.place}", key, rows.names(), hint)
    medium, texts, ident, medium_id = (chosen[key] for key in keys)
    return PairColumns(modality, medium, column_list(texts), str(ident), str(medium_id), own)


def pairs_from_rows(rows: Rows, columns: PairColumns) -> RetrievalData:
    """Return the texts of all rows as queries, and their distinct media items as corpus.

    Unless each row has its own media item, rows share a media item if they have the same media id.
    If there are no media ids, rows share a media item if the path is the same (`./a.jpg` is
    `a.jpg`) or the bytes are the same; the bytes are then read. Paths are searched by `find_media`.
    The id of a text comes from its column; it defaults to the row number from 0, or to the id of
    the row's own media item. Several texts of a row get the suffixes `#0`, `#1`. An empty text
    becomes a query that fails. A row without a text (null, an empty list) becomes a distractor; a
    row without a media item becomes a query with a document outside the corpus. If each row has its
    own media item, rows without a text and rows without a media item become failed samples instead.

    Raises DataError for ids or texts of a wrong type, for duplicate ids, and for a media id with
    two paths.
    """
    cells = media_cells(rows, columns.medium, columns.modality)
    ids = _ids(rows, columns.medium_id, required=columns.own)
    documents: dict[str, MediaCell] = {}
    first: dict[str, int] = {}
    of_rows: list[str] = []
    with ContentKeys(cache_folder()) as keys:
        for at, cell in enumerate(cells):
            medium = normal_path(cell) if isinstance(cell, str) else cell
            document = path_id(ids[at] or _document(rows, at, medium, columns.own, keys))
            of_rows.append(document)
            if medium is None and not columns.own:
                continue
            first.setdefault(document, at)
            known = documents.get(document)
            if isinstance(known, list) and isinstance(medium, list):
                known += [path for path in medium if path not in known]
            elif known is None:
                documents[document] = medium
            elif isinstance(medium, str) and medium != known:
                raise DataError(
                    f"{rows.where(at)}: {columns.modality}_id {document!r} has the path"
                    f" {medium!r} here and {known!r} in an earlier row; give each id one path"
                )
    if columns.short_ids:
        short = _short_ids(documents, {key: at for key, at in first.items() if ids[at] is None})
        documents = {short.get(key, key): medium for key, medium in documents.items()}
        first = {short.get(key, key): at for key, at in first.items()}
        of_rows = [short.get(key, key) for key in of_rows]
    media = locate_media(
        list(documents.values()), rows.folder, rows.place, columns.modality, listed=not columns.own
    )
    medium_column = column_list(columns.medium)[0]
    corpus = [
        (
            name,
            missing_medium(rows.where(first[name]), medium_column, columns.modality)
            if c is None
            else c,
        )
        for name, c in zip(documents, media, strict=True)
    ]
    data = retrieval_data(corpus, _texts(rows, columns, of_rows), rows.place, columns.modality)
    return replace(data, source=rows.source)


def _short_ids(documents: Mapping[str, MediaCell], rows: Mapping[str, int]) -> dict[str, str]:
    """Return short ids of documents: file names without extension, or numbers of rows.

    `rows` maps the documents without an id of their own to their first rows. If two files have one
    name, the ids are paths without extension. Return {} if these are not unique either.
    """
    others = documents.keys() - rows.keys()
    for shorten in (lambda key: PurePosixPath(key).stem, _without_ending):
        short = {
            key: shorten(key) if isinstance(documents[key], str | list) else str(at)
            for key, at in rows.items()
        }
        if len({*short.values(), *others}) == len(documents):
            return short
    return {}


def _without_ending(path: str) -> str:
    return path[: len(path) - len(PurePosixPath(path).suffix)]


def _ids(rows: Rows, column: str, *, required: bool) -> Sequence[str | None]:
    """Return the id of each row in a column; None for a row without an id."""
    if not column:
        return [None] * len(rows)
    return rows.as_texts(
        column,
        lambda cell: None if not required and (is_missing(cell) or cell == "") else parse_id(cell),
        read_cells(column, rows),
    )


def _document(rows: Rows, at: int, medium: MediaCell, own: bool, keys: ContentKeys) -> str:
    """Return the document id for a row without a media id.

    If `own` is true, the id is the row number; otherwise it is the path of `medium`, or a hash of
    its bytes, which `keys` computes.
    """
    number = str(rows.numbers[at])
    if own:
        return number
    if isinstance(medium, str | list):
        return medium if isinstance(medium, str) else medium[0]
    try:
        return keys.digest_inside(medium).hex() if isinstance(medium, Media) else f"row {number}"
    except SampleError:
        # Reading fails again later, for this sample only.
        return f"row {number}"


def _texts(rows: Rows, columns: PairColumns, documents: Sequence[str]) -> Iterator[Caption]:
    seen: Counter[str] = Counter()
    ids = _ids(rows, columns.id, required=columns.own)
    cells = [rows.as_texts(name, _texts_in) for name in columns.texts]
    for at, (document, row) in enumerate(zip(documents, zip(*cells, strict=True), strict=True)):
        texts = [text for cell in row for text in (cell if isinstance(cell, list) else [cell])]
        if row == (None,) and not columns.own:
            continue
        several = len(row) > 1 or isinstance(row[0], list)
        for number, text in enumerate(texts):
            ident, count = ids[at], f"#{number}" if several else ""
            if ident is None and columns.own:
                ident, count = document, f"#{seen[document]}"
                seen[document] += 1
            ident = str(rows.numbers[at]) if ident is None else ident
            yield Caption(ident + count, document, _EMPTY if text is None else text)


def _texts_in(cell: object) -> object:
    """Return a cell that is a string, null, or a list of strings and nulls. Raises ValueError."""
    for text in cell if isinstance(cell, list) else [cell]:
        if not is_missing(text) and not isinstance(text, str):
            raise ValueError("give a string or a list of strings")
    return None if is_missing(cell) else cell
