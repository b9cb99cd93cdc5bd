"""Choice of the columns of an output file that hold the predictions and the ids.

Output files often repeat the truth (the reference answer) next to the prediction. If several
columns may be the prediction, none of them is chosen (see `prediction_column`). Column names are
compared in the form of `plain_name`, without case.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mmbench.data.readers.records import Record, cells_of, columns_of, plain_name, same_columns
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.predictions.column_names import (
    FORMS,
    ONLY_TRUTHS,
    PREDICTIONS,
    RAW,
    SHARED,
    resembles_prediction,
)
from mmbench.text import listed

# Keys of --field that name a column, and keys that select lines in the results of a harness.
COLUMNS = ("prediction", "id")
SELECTIONS = ("filter", "repeat", "subset", "split")
FIELDS = (*COLUMNS, *SELECTIONS)
OWN = "value"
MANIFEST_PATH = "audio_filepath"  # the column of audio files in a manifest of NeMo

_STRONG_IDS = (
    *("id", "question_id", "image_id", MANIFEST_PATH, "sample_id", "utt_id", "utterance_id"),
    *("uid", "video_id", "audio_id", "pid", "query_id", "qid", "doc_id", "index", "idx", "key"),
)
_PATHS = ("file_name", "filename", "file", "path", "image", "audio", "video")
IDS = (*_STRONG_IDS, *_PATHS)

_EMPTY = {"", "none", "null", "n/a", "na", "-"}


class ColumnChoice(NamedTuple):
    """The name of the chosen column, and a note about the choice ("" for none)."""

    name: str
    note: str = ""


class IdColumns(NamedTuple):
    """The columns of a file that may hold the ids, the preferred column first.

    `by_format` is True if the file format determines the preferred column.
    """

    names: list[str]
    by_format: bool


def parse_fields(texts: Iterable[str]) -> dict[str, str]:
    """Parse values of the flag `--field`, such as "prediction=NAME,id=NAME", to {key: column name}.

    Raises UserError.
    """
    fields: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",")):
        key, equals, name = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise UserError(f"--field {part} has no column; write prediction=NAME or id=NAME")
        if key in fields:
            raise UserError(f"--field {key} is given twice: {fields[key]} and {name}; keep one")
        fields[key] = name
    check_fields(fields)
    return fields


def check_fields(fields: Mapping[str, str]) -> None:
    """Raise UnknownName for a key of `--field` that is not in `FIELDS`."""
    for key in fields:
        if key not in FIELDS:
            raise UnknownName("key of --field", key, FIELDS)


def named_column(name: str, columns: Sequence[str], path: Path) -> str:
    """Return the column `name`, which the user gave with `--field`, as spelt in the file.

    Raises UnknownName if none of the `columns` of the file has this name.
    """
    same = [column for column in columns if plain_name(column) == plain_name(name)]
    if name in columns or len(same) == 1:
        return name if name in columns else same[0]
    raise UnknownName(f"column of {path}", name, columns, "see --field")


def candidates(columns: Iterable[str]) -> list[str]:
    """Return the columns that may hold predictions or truths, judging by their names."""
    known = {OWN, *PREDICTIONS, *SHARED, *FORMS, *ONLY_TRUTHS}
    return [name for name in columns if plain_name(name) in known]


def may_be_truth(column: str) -> bool:
    """Return whether a column with this name may hold truths as well as predictions."""
    return plain_name(column) in SHARED


def prediction_column(records: Sequence[Record]) -> ColumnChoice | None:
    """Choose the column of the predictions by the column names; None if no column is known.

    The column `value` has priority. The second choice is the only column of the list `PREDICTIONS`,
    even next to truth columns. The third choice is the only column of the list `SHARED`, unless
    another column may hold the truth in another form, or the prediction under another name. Columns
    with equal values in every row count as one column. In all other cases the function raises
    DataError, which names the columns and the flag.
    """
    columns = columns_of(records)
    known = candidates(columns)
    own = [name for name in known if plain_name(name) == OWN]
    predicted = _distinct(_without_raw(_among(known, PREDICTIONS)), records)
    shared = _distinct(_among(known, SHARED), records)
    similar = [] if own or predicted or not known else _similar(columns, known, records)
    best = own or predicted or ([] if similar or _among(known, FORMS) else shared)
    if len(best) == 1:
        others = [name for name in known if name not in best]
        note = f"the predictions are read from column {best[0]}, not from {listed(others)}"
        return ColumnChoice(best[0], note if others else "")
    if not known:
        return None
    several = [*known, *similar]
    what = "could each be the prediction" if len(several) > 1 else "is the truth in most files"
    raise DataError(
        f"{records[0].where}: {_joined_names(several)} {what}; choose with --field prediction=NAME"
    )


def _among(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    return [column for column in columns if plain_name(column) in names]


def _similar(columns: list[str], known: list[str], records: Sequence[Record]) -> list[str]:
    """Return further columns that may hold the predictions, judging by their names and contents.

    `known` are the columns that were recognised by name. A column with the same values as a known
    column is excluded. A column of numbers is excluded if a known column holds texts.
    """
    similar = [n for n in columns if n not in known and resembles_prediction(plain_name(n))]
    distinct = _distinct([*known, *similar], records) if similar else []
    texts = any(_holds_texts(name, records) for name in known)
    return [n for n in similar if n in distinct and (_holds_texts(n, records) or not texts)]


def _holds_texts(column: str, records: Sequence[Record]) -> bool:
    return any(cell_kind(cell) == "text" for cell in cells_of(records, column))


def cell_kind(cell: object) -> str:
    """Return the kind of value in a cell: "number", "text", or "" for an empty cell.

    Lists and objects count as texts.
    """
    if str(cell).strip().casefold() in _EMPTY:
        return ""
    if not isinstance(cell, str | int | float):
        return "text"
    try:
        float(cell)
    except ValueError:
        return "text"
    return "number"


def _without_raw(columns: list[str]) -> list[str]:
    """Return the columns without the raw responses, if a column has the filtered responses."""
    raw = {RAW.get(plain_name(column)) for column in columns}
    return [column for column in columns if plain_name(column) not in raw]


def _distinct(columns: list[str], records: Sequence[Record]) -> list[str]:
    """Return the columns without those that equal an earlier column in every row."""
    different: dict[str, Sequence[object]] = {}
    for column in columns if len(columns) > 1 else []:
        cells = cells_of(records, column)
        cells = (
            cells.tolist() if isinstance(cells, array) else cells
        )  # an array never equals a list
        if cells not in different.values():
            different[column] = cells
    return list(different) if len(columns) > 1 else columns


def _joined_names(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"column {names[0]}"


def id_columns(records: Sequence[Record], prediction: str) -> IdColumns:
    """Choose the columns that may hold the ids: the columns of `IDS` that every row has.

    If the file format is known, its id column is the only choice: `id` next to `value` in mmbench's
    own format, `image_id` next to captions in COCO results, and `question_id` next to answers in
    VQA results. In a manifest of NeMo, `audio_filepath` is preferred to other columns.
    """
    known = [name for name in columns_of(records) if plain_name(name) in IDS and name != prediction]
    everywhere = same_columns(records)
    whole = [
        name
        for name in known
        if everywhere is not None or all(name in record.cells for record in records)
    ]
    by_preference = sorted(whole, key=lambda name: IDS.index(plain_name(name)))
    preferred = _id_of_format({plain_name(name) for name in columns_of(records)}, prediction)
    first = [name for name in by_preference if plain_name(name) == preferred]
    if not first or preferred == MANIFEST_PATH:
        return IdColumns(
            [*first, *(n for n in by_preference if n not in first)], by_format=bool(first)
        )
    return IdColumns(first, by_format=True)


def _id_of_format(columns: set[str], prediction: str) -> str:
    """Return the column that holds the ids according to the file format, or "" if none does."""
    if plain_name(prediction) == OWN and "id" in columns:
        return "id"
    if {"question_id", "answer"} <= columns:
        return "question_id"
    if {"image_id", "caption"} <= columns and "question_id" not in columns:
        return "image_id"
    is_manifest = MANIFEST_PATH in columns and columns & {"text", "pred_text"}
    return MANIFEST_PATH if is_manifest else ""


def is_positional(records: Sequence[Record]) -> bool:
    """Return whether all rows have a question and no id, as in the answer files for POPE."""
    columns = same_columns(records)
    each = (record.cells for record in records) if columns is None else (columns,)
    return all(
        "question" in (names := set(map(plain_name, cells))) and names.isdisjoint(_STRONG_IDS)
        for cells in each
    )
