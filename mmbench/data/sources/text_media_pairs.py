"""The data sources `table`, `hf`, `captioned` and `caption-rows`: texts about media.

The sources read rows from different places, and all convert them with
`mmbench.data.mapping.pairs.pairs_from_rows`.
"""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.media_columns import Columns
from mmbench.data.mapping.pairs import pair_columns, pairs_from_rows
from mmbench.data.mapping.patterns import refuse_missing
from mmbench.data.readers.annotation_files import Files, annotation_rows
from mmbench.data.readers.library.rows import library_rows
from mmbench.data.readers.parquet_files import ParquetRows
from mmbench.data.readers.rows import FileRows, Rows
from mmbench.data.readers.table_files import TABLES, find_file, read_records
from mmbench.datasets import RetrievalData
from mmbench.protocols import declare_source


def table(root: Path | None, *, columns: dict[str, Columns] | None = None) -> RetrievalData:
    """Load texts as queries ("text") and images as corpus ("image") from the rows of one file.

    `root` is a .csv, .tsv, .jsonl, .json or .parquet file, or a folder that contains a single such
    file. The columns are `image`, `text` and optionally `id` and `image_id`; `columns` sets other
    names: {image: file_name, text: caption}. With the key audio or video instead of image, and
    audio_id or video_id, the corpus has this modality. An image is a path, relative to the file or
    found in an image folder next to it (`find_media`); in Parquet also bytes or a struct of bytes
    and path. A text is a string, in JSONL and Parquet also a list of strings. `pairs_from_rows`
    says how rows become samples. CSV and TSV are UTF-8 with a header, and use quotes as Excel does.

    Raises DataError, with file and line or row, for data that cannot be read; UnknownName for a
    column that does not exist.
    """
    file = find_file(root, "table", (*TABLES, ".parquet"))
    is_parquet = file.suffix.lower() == ".parquet"
    rows: Rows = ParquetRows(file) if is_parquet else FileRows(file, read_records(file))
    return pairs_from_rows(rows, pair_columns(columns or {}, rows))


@declare_source(hub=True)
def hf(
    root: Path | None,
    *,
    path: str = "",
    name: str | None = None,
    split: str = "test",
    revision: str | None = None,
    where: dict[str, object] | None = None,
    columns: dict[str, Columns] | None = None,
) -> RetrievalData:
    """Load texts as queries ("text") and images as corpus ("image") from a data set of `datasets`.

    `path` is an OWNER/NAME on the hub, or a folder or file on disk. If `root` is given, it is used
    instead of `path`, which a task may then omit. `name` is the configuration on the hub, and
    `revision` a commit, branch or tag (None for the newest). A folder must have been written by
    `save_to_disk`, or have a layout that `load_dataset` reads. Cached data are not downloaded
    again, and need no network. `where` selects rows by column values, {column: value or list of
    values}. `columns` and rows are as in the source `table`; media stay encoded on disk until they
    are needed. The `source` of the result has the path and, for a data set on the hub, the commit
    as `revision`.

    Raises DataError for a data set that is neither on disk nor in the cache nor available from the
    hub (within five seconds without a network), UnknownName for a column or split that does not
    exist.
    """
    rows = library_rows(root, path, name, split, revision, where)
    return pairs_from_rows(rows, pair_columns(columns or {}, rows))


@declare_source(hub=True)
def caption_rows(
    root: Path | None,
    *,
    columns: dict[str, Columns],
    path: str = "",
    name: str | None = None,
    split: str = "test",
    revision: str | None = None,
    where: dict[str, object] | None = None,
) -> RetrievalData:
    """Load text-media pairs like the source `hf`, but each row has its own media item.

    Documents are numbered from 0. `columns` must name all columns: the media column under image,
    audio or video; one or more text columns under `text`; optionally the text ids under `id`, and
    the media ids under `image_id`, `audio_id` or `video_id`. Rows with the same media id share the
    media item of the first of these rows. A text without an id has the id of its media item with
    the suffix `#0`, `#1`.
    """
    pairs = pair_columns(columns)
    return pairs_from_rows(library_rows(root, path, name, split, revision, where), pairs)


def captioned(
    root: Path | None,
    *,
    files: Files,
    columns: dict[str, Columns],
    rows: str = "",
    table: dict[str, object] | None = None,
    where: dict[str, object] | None = None,
) -> RetrievalData:
    """Load text-media pairs like the source `caption-rows`, from published annotation files.

    `files`, `rows`, `table` and `where` are as in the source `listing`. A media file is at a path
    with columns in braces, or at the first of several paths that exists. Rows with the same media
    id share one file, whose path is in one of the rows; ids that are paths are normalised, so
    `./a.wav` is `a.wav`. Ids may also be patterns with columns in braces.

    Raises DataError for data that cannot be read and for duplicate ids, UnknownName for a column
    that does not exist.
    """
    pairs = pair_columns(columns)
    (place, *_) = annotation_rows(root, files, "captioned", entry=rows, table=table)
    refuse_missing(place, [*(where or ()), *pairs.names()])
    place.select(where)
    place.refuse_no_rows()
    return pairs_from_rows(place, pairs)
