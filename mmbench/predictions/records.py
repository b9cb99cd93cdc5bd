"""Readers of outputs in records: JSONL, CSV, TSV, and JSON as a list of records or a mapping."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mmbench.columns import ABSENT, Keyed, Mapped, are_distinct, are_texts, pack, rows_of_type
from mmbench.data.mapping.recording_parts import parse_offset, part_id
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.records import (
    Record,
    as_id,
    cells_of,
    columns_of,
    convert,
    find_name,
    full_texts,
    plain_name,
    refuse_duplicates,
    same_columns,
    tags,
)
from mmbench.data.readers.segments.seglst import is_seglst
from mmbench.data.readers.table_files import is_json_lines, jsonl_records, parse_records
from mmbench.data.sources.judgements import QUERIES
from mmbench.errors import DataError
from mmbench.predictions.column_choice import (
    IDS,
    MANIFEST_PATH,
    ColumnChoice,
    IdColumns,
    candidates,
    id_columns,
    is_positional,
    may_be_truth,
    named_column,
    prediction_column,
)
from mmbench.predictions.score_table import refuse_label_next_to_scores, score_table
from mmbench.predictions.segments import seglst
from mmbench.predictions.values import as_value, is_number, unwrap
from mmbench.text import listed
from mmbench.types import InvalidContent, Outputs

ERROR = "error"
_TABLES = (".csv", ".tsv")


def record_values(data: bytes, path: Path, fields: Mapping[str, str]) -> Outputs:
    """Read the outputs in the rows of a .jsonl, .csv or .tsv file.

    `column_choice` finds the columns of ids and predictions, unless `fields` names them (keys
    `prediction` and `id`). Other columns with one string or number per row become tags. A row with
    an `error` and without a prediction is a failed output, which is counted and reported. A CSV or
    TSV without a prediction column but with numbers in its other columns holds scores by label,
    with the labels in the header. If all rows have a question and no id, like the answer files that
    POPE's evaluate.py reads, the rows are in the order of the task's samples.
    """
    return table_values(parse_records(data, path), path, fields)


def json_values(data: bytes, path: Path, fields: Mapping[str, str]) -> Outputs:
    """Read the outputs in a JSON file: a list of records, {id: value}, {id: record}, or segments.

    JSON lines are recognised under any file name (POPE's files have the extension .json).
    """
    if is_json_lines(data):
        return table_values(jsonl_records(data, path), path, fields)
    content = decode_json(data, object, path)
    if not fields and is_seglst(content):
        return seglst(content, path)
    if isinstance(content, dict) and _is_single(content):
        return table_values([Record(f"{path} line 1", content)], path, fields)
    if not (isinstance(content, dict) and content):
        return table_values(_record_list(content, path), path, fields)
    if all(_is_record(value, fields) for value in content.values()):
        records = [Record(f"{path}: {key!r}", cells) for key, cells in content.items()]
        return table_values(records, path, fields, list(content))
    if fields:
        raise DataError(f"{path}: no columns to choose from; omit --field")
    return Outputs({key: as_value(v, f"{path}: {key!r}", key) for key, v in content.items()})


def _is_single(content: dict[str, object]) -> bool:
    """Return whether an object is the only record of a file; otherwise it maps ids to values.

    A record has a prediction and an id; a record of POPE's answer files has a question and an
    answer.
    """
    record = [Record("", content)]
    return bool(candidates(content)) and (
        bool(id_columns(record, "").names) or is_positional(record)
    )


def _is_record(value: object, fields: Mapping[str, str]) -> bool:
    """Return whether a value is a record with a prediction, and not scores by label."""
    if not isinstance(value, dict) or not value or all(map(is_number, value.values())):
        return False
    return bool(fields or candidates(value) or value.get(ERROR))


def _record_list(content: object, path: Path) -> list[Record]:
    if isinstance(content, list) and content and all(type(cells) is dict for cells in content):
        return [Record(f"{path}: $[{row}]", cells) for row, cells in enumerate(content)]
    raise DataError(
        f'{path} has the wrong form; give a list [{{"id": …, "value": …}}], or {{id: value}}'
    )


class _Ids(NamedTuple):
    """The ids of all rows, for each column that may hold the ids, the preferred column first."""

    columns: Mapping[str, Sequence[str]]
    by_format: bool = True
    positional: bool = False


def table_values(
    records: Sequence[Record],
    path: Path,
    fields: Mapping[str, str],
    keys: list[str] | None = None,
) -> Outputs:
    """Return the outputs in the rows of a table, as `record_values` does.

    `keys` are the ids of the rows if they are stored elsewhere.
    """
    column, note = _choose_column(records, path, fields)
    ids = _ids(records, path, fields, column, keys)
    id_column = next(iter(ids.columns))
    idents = ids.columns[id_column]
    scores = score_table(records, id_column) if not column and _is_table(path) else []
    if scores:
        return Outputs(dict(zip(idents, scores, strict=True)), id_column=id_column)
    values = _values(records, column, idents)
    return Outputs(
        Keyed(idents, values),
        tags=_tags(records, {column, id_column}, idents, rows_of_type(values, InvalidContent)),
        positional=ids.positional,
        id_column=id_column,
        other_ids={name: ids.columns[name] for name in list(ids.columns)[1:]},
        by_format=ids.by_format,
        notes=[note] if note else [],
    )


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in _TABLES


def _choose_column(
    records: Sequence[Record], path: Path, fields: Mapping[str, str]
) -> ColumnChoice:
    """Choose the column of the predictions; its name is "" if there is none."""
    if "prediction" in fields:
        return ColumnChoice(named_column(fields["prediction"], columns_of(records), path))
    chosen = prediction_column(records)
    if chosen and _is_table(path):
        refuse_label_next_to_scores(records[0], chosen.name)
    return chosen or ColumnChoice("")


def _values(records: Sequence[Record], column: str, idents: Sequence[str]) -> Sequence[object]:
    """Return the output value of each row.

    A column of only strings or only numbers is returned unchanged if no row can be a failed output.
    """
    columns = same_columns(records)
    if columns and ERROR not in columns:
        cells = columns.get(column)
        if isinstance(cells, array) or are_texts(cells):
            return cells
    pairs = zip(records, idents, strict=True)
    return pack([_value(record, column, ident) for record, ident in pairs])


def _tags(
    records: Sequence[Record], used: set[str], idents: Sequence[str], failed: list[int]
) -> Mapping[str, Mapping[str, str]]:
    """Return the tags by id, for outputs that have tags and did not fail.

    `failed` are the row numbers of failed outputs.
    """
    mappings = tags(records, used)
    if not mappings.columns:
        return {}
    rows = zip(*mappings.columns.values(), strict=True)
    has = [any(tag is not ABSENT for tag in row) for row in rows]
    for row in failed:
        has[row] = False
    if all(has):
        return Keyed(idents, mappings)
    return {idents[row]: mappings[row] for row, has_tags in enumerate(has) if has_tags}


def _value(record: Record, column: str, ident: str) -> object:
    """Return the value of a row; an InvalidContent for a failed output. Raises DataError."""
    error, value = record.cells.get(ERROR), unwrap(record.cells.get(column), column)
    if error and (not value or may_be_truth(column)):
        return InvalidContent(str(error))
    if column not in record.cells:
        what = f"no {column}" if column else "no value or prediction"
        raise DataError(
            f"{record.where}: {what}, only {listed(record.cells) or 'an empty record'}; choose the"
            " column with --field prediction=NAME, or give a CSV with a column of scores per label"
        )
    return as_value(value, f"{record.where}: {column}", ident)


def _ids(
    records: Sequence[Record],
    path: Path,
    fields: Mapping[str, str],
    prediction: str,
    keys: list[str] | None,
) -> _Ids:
    """Return the ids of the rows. Raises DataError for a missing id and for duplicates.

    `prediction` is the column of the predictions. `keys` are the ids if they are stored outside the
    records.
    """
    if keys is not None and "id" not in fields:
        inside = _distinct(records, id_columns(records, prediction).names)
        return _Ids({"": keys, **inside}, by_format=False)
    if "id" in fields:
        chosen = IdColumns([named_column(fields["id"], columns_of(records), path)], by_format=True)
    elif is_positional(records):
        return _Ids({"": Mapped(str, range(len(records)))}, positional=True)
    else:
        chosen = id_columns(records, prediction)
    if not chosen.names:
        raise _no_id(records)
    first, *others = chosen.names
    columns = {first: _column_of_ids(records, first)}
    if plain_name(first) in QUERIES and not are_distinct(columns[first]):
        raise DataError(
            f"{path}: column {first} has several rows for one query; give a TREC run (.run), or"
            " JSON {query: {document: score}}"
        )
    refuse_duplicates("id", columns[first], f"{path}: column {first}")
    return _Ids({**columns, **_distinct(records, others)}, chosen.by_format)


def _distinct(records: Sequence[Record], names: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return {column: ids} for the columns among `names` that have a different id in every row."""
    columns: dict[str, Sequence[str]] = {}
    for name in names:
        ids: Sequence[str] | None = full_texts(records, (name,))
        cells = cells_of(records, name) if ids is None else ()
        if all(isinstance(cell, str | int) and cell != "" for cell in cells):
            ids = pack([str(cell) for cell in cells]) if ids is None else ids
            columns |= {name: ids} if are_distinct(ids) else {}
    return columns


def _column_of_ids(records: Sequence[Record], name: str) -> Sequence[str]:
    full = full_texts(records, (name,))
    ids = pack([_id(record, name) for record in records]) if full is None else full
    return _ids_of_parts(records, ids) if plain_name(name) == MANIFEST_PATH else ids


def _ids_of_parts(records: Sequence[Record], files: Sequence[str]) -> Sequence[str]:
    """Return the ids of the rows of a NeMo manifest, in which rows may be parts of files."""
    name = find_name(columns_of(records), "offset", records[0].where)
    if name is None:
        return files
    rows = zip(records, files, cells_of(records, name), strict=True)
    return [
        part_id(file, convert(parse_offset, cell, f"{record.where}: {name}"))
        for record, file, cell in rows
    ]


def _id(record: Record, name: str) -> str:
    if name not in record.cells:
        raise DataError(f"{record.where}: no {name}, which is the id column")
    return as_id(record.cells[name], f"{record.where}: {name}")


def _no_id(records: Sequence[Record]) -> DataError:
    """Return the error for rows without an id column that every row has."""
    lacking = next((record for record in records if not id_columns([record], "").names), None)
    record = lacking or records[0]
    what = "no id" if lacking else "no id in a column that every row has"
    return DataError(
        f"{record.where}: {what}, only {listed(record.cells) or 'an empty record'}; add a column"
        f" {', '.join(IDS[:3])} or {IDS[3]}, or choose the id column with --field id=NAME"
    )
