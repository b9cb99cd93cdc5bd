"""From the rows of a table to RetrievalData: what `table` and `hf` share.

A row has an image and a text, or a list of texts, and may name ids: `id` of the text, `image_id` of
the image. `columns` in a task file says which column is which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from reprlib import repr
from typing import NamedTuple

from mmbench.data.mapping.media_files import find_images
from mmbench.data.mapping.pairs import Caption, retrieval_data
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, SampleError, UnknownName
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.text import normal_path, path_id
from mmbench.types import Broken, Content, Media

COLUMNS = ("image", "text", "id", "image_id")
_REQUIRED = COLUMNS[:2]


class Row(NamedTuple):
    """A row of a table. `where` is what errors call it, `image` a path or a medium of bytes."""

    where: str
    image: str | Media | None
    text: object
    id: object = None
    image_id: object = None


def choose_columns(
    columns: Mapping[str, str] | None, present: Sequence[str], table: str
) -> dict[str, str]:
    """Which column of `present` serves as image, text, id and image_id.

    Each is the one that `columns` says, or else has that very name; the ids may be missing. Raises
    UnknownName for a column that is not there and for a key that is none of these four.
    """
    columns = columns or {}
    for key in columns:
        if key not in COLUMNS:
            raise UnknownName("key of data option columns", key, COLUMNS)
    chosen = {}
    for key in COLUMNS:
        name = columns.get(key, key)
        if name in present and (key in columns or name not in columns.values()):
            chosen[key] = name
        elif key in columns or key in _REQUIRED:
            hint = f"say in the task file which it is: data: {{columns: {{{key}: NAME}}}}"
            raise UnknownName(f"column of {table}", name, present, hint)
    return chosen


def pair_rows(rows: Iterable[Row], source: str, beside: Path) -> RetrievalData:
    """Texts as queries, the images of all rows as corpus, one document for each distinct image.

    The same image is one by its `image_id`, else by its path (`./a.jpg` is `a.jpg`), else by its
    bytes (which are then read). Paths are looked for as `find_images` does. The id of a text is
    that of its row, else the row's number from 0; texts of a list have `#0`, `#1` behind it. A row
    without a text (null, an empty list) gives a distractor, an empty text a broken query, a row
    without an image a query whose document is not in the corpus.

    Where none of the paths leads to a file each image is Broken. Raises DataError for ids or texts
    of another type, for ids that stand twice, and for one image_id with two paths.
    """
    documents: dict[str, str | Media] = {}
    captions: list[Caption] = []
    with ContentKeys(cache_folder()) as keys:
        for number, row in enumerate(rows):
            if isinstance(row.image, str):
                row = row._replace(image=normal_path(row.image))
            image = _image_key(row, number, source, keys)
            if row.image is not None:
                known = documents.setdefault(image, row.image)
                if known != row.image and isinstance(row.image, str):
                    raise DataError(
                        f"{source} {row.where}: image_id {image!r} is {row.image!r} here"
                        f" and {known!r} before: an image has one path"
                    )
            captions += _captions(row, number, image, source)
    return retrieval_data(_contents(documents, source, beside), captions, source)


def _image_key(row: Row, number: int, source: str, keys: ContentKeys) -> str:
    if row.image_id is not None:
        return path_id(_id(row.image_id, "image_id", row, source))
    if isinstance(row.image, str):
        return row.image
    try:
        return f"row {number}" if row.image is None else keys.digest_inside(row.image).hex()
    except SampleError:
        # It fails again, for itself alone, when its turn comes.
        return f"row {number}"


def _captions(row: Row, number: int, image: str, source: str) -> list[Caption]:
    id = str(number) if row.id is None else _id(row.id, "id", row, source)
    if row.text is None:
        return []
    if not isinstance(row.text, list):
        return [Caption(id, image, _text(row.text, row, source))]
    return [
        Caption(f"{id}#{n}", image, _text(text, row, source)) for n, text in enumerate(row.text)
    ]


def _id(value: object, column: str, row: Row, source: str) -> str:
    if isinstance(value, int | str):
        return str(value)
    raise DataError(
        f"{source} {row.where}: {column} is {repr(value)}: a whole number or a string is needed"
    )


def _text(value: object, row: Row, source: str) -> str | Broken:
    if value is None:
        return Broken("empty caption")
    if isinstance(value, str):
        return value
    raise DataError(
        f"{source} {row.where}: text is {repr(value)}: a string or a list of strings is needed"
    )


def _contents(
    documents: dict[str, str | Media], source: str, beside: Path
) -> list[tuple[str, Content]]:
    paths = {id: image for id, image in documents.items() if isinstance(image, str)}
    images = find_images([[path] for path in paths.values()], beside, source, required=False)
    found = dict(zip(paths, images, strict=True))
    return [(id, found[id] if isinstance(image, str) else image) for id, image in documents.items()]
