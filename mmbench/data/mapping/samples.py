"""Conversion of rows to samples: the columns for inputs, targets, groups and tags."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mmbench.columns import ABSENT, Mapped, Table, column, concatenate, pack
from mmbench.data.mapping.choices import (
    ANY_FORMAT,
    OptionFormat,
    as_choice,
    has_no_options,
    option_texts,
    parse_options,
)
from mmbench.data.mapping.media_columns import Columns, column_list, media_inputs
from mmbench.data.mapping.patterns import read_cells, read_ids
from mmbench.data.readers.records import is_missing, parse_tag, parse_text, refuse_duplicates
from mmbench.data.readers.rows import Rows
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.types import Sample

_ITEM = re.compile(r"([^\[\]{}]+)\[([^\[\]]+)\]")  # a column of lists, and an item in its lists


class ColumnMapping(NamedTuple):
    """The column, or pattern with columns in braces, for each field of a sample; "" for none.

    Without `id`, rows are numbered from 0. `columns` gives the column of each input; a media input
    may list several columns, in order of preference. `target` is one column with a string or a list
    of strings, or a list of one or more columns, which gives a list of strings. `options` is one
    column of lists, or one column for each option; the target is then {"answer": letter, "options":
    [text, …]}, and the samples get an input `options` with the lines "A. cat", "B. dog". A row
    whose only column of options is empty is an open question: its target is as without `options`.
    `option_format` says how the options and the target are written. `target_names` replaces targets
    without options, as in {"1": "yes"}. `optional` lists media inputs that a row may lack. A tag is
    a string or a number; of a list of strings, it is the sorted strings, joined with "+". The tag
    with the column `capability[ocr]` is `yes` for the rows whose list in the column `capability`
    contains `ocr`; the list may be a string with commas.
    """

    id: str = ""
    columns: Mapping[str, Columns] = {}
    target: Columns = ""
    options: Columns = ""
    group: str = ""
    tags: Mapping[str, str] = {}
    optional: Sequence[str] = ()
    option_format: OptionFormat = ANY_FORMAT
    target_names: Mapping[str, str] = {}

    def names(self) -> list[str]:
        """Return all columns and patterns that are read."""
        tags = [match[1] if (match := _ITEM.fullmatch(t)) else t for t in self.tags.values()]
        columns = [*self.columns.values(), self.target, self.options, *tags]
        return [name for one in (self.id, self.group, *columns) for name in column_list(one)]


def samples_from_tables(
    tables: Sequence[Table[Sample]], shape: ColumnMapping, rows: Rows, labels: Sequence[str] = ()
) -> Samples:
    """Return the samples of one or more tables as a data set, with the provenance of `rows`.

    `labels` are the class names. Raises DataError for duplicate ids, and if there are no samples.
    """
    full = [table for table in tables if len(table)]
    if not full:
        rows.refuse_no_rows()
    samples = concatenate(full)
    refuse_duplicates("id", column(samples, "id"), rows.source.get("path") or rows.place)
    return Samples(
        samples, list(labels), rows.source, group_name=shape.group, optional_tags=list(shape.tags)
    )


def sample_table(
    rows: Rows,
    shape: ColumnMapping,
    targets: Sequence[object] | None = None,
    media: Mapping[str, Sequence[Any]] | None = None,
) -> Table[Sample]:
    """Return one sample per row, stored as columns.

    `targets`, if given, replaces the target column; `media` adds media inputs, by name. Texts and
    tags that are null or NaN are left out. Raises DataError, with the place of the row, for a cell
    of a wrong type.
    """
    inputs: dict[str, Sequence[Any]] = media_inputs(rows, shape.columns, shape.optional)
    inputs |= media or {}
    inputs |= {n: _texts(rows, n, c) for n, c in shape.columns.items() if n not in inputs}
    if targets is None and shape.target:
        targets, options = (_choices if shape.options else _answers)(rows, shape)
        inputs |= {"options": options} if shape.options else {}
    ids = read_ids(shape.id, rows) if shape.id else pack(list(map(str, rows.numbers.tolist())))
    return sample_columns(
        Mapped(f"{rows.part}/".__add__, ids) if rows.part else ids,
        inputs,
        targets=targets,
        groups=rows.as_texts(shape.group, parse_text, read_cells(shape.group, rows))
        if shape.group
        else None,
        tags={name: _tags(rows, column) for name, column in shape.tags.items()},
    )


def _texts(rows: Rows, name: str, column: Columns) -> Sequence[Any]:
    if not isinstance(column, str):
        raise SpecError(f"data option columns: {name} is a text input; give one column, not a list")
    cells = read_cells(column, rows)
    return rows.as_texts(
        column, lambda cell: ABSENT if is_missing(cell) else parse_text(cell), cells
    )


def _tags(rows: Rows, column: str) -> Sequence[Any]:
    if match := _ITEM.fullmatch(column):
        return pack(["yes" if match[2] in _items(c) else ABSENT for c in rows.column(match[1])])
    cells = read_cells(column, rows)
    return rows.as_texts(column, lambda cell: _tag(cell) or ABSENT, cells)


def _items(cell: object) -> list[object]:
    """Return the items of a list in a cell, which may be a string with commas."""
    return cell if isinstance(cell, list) else [one.strip() for one in str(cell).split(",")]


def _tag(cell: object) -> str:
    several = isinstance(cell, list) and all(isinstance(one, str) for one in cell)
    return "+".join(sorted(cell)) if several and isinstance(cell, list) else parse_tag(cell)


def _answers(rows: Rows, shape: ColumnMapping) -> tuple[Sequence[Any], Sequence[Any]]:
    names = column_list(shape.target)
    if len(names) == 1:
        cells = rows.as_texts(names[0], _answer, read_cells(names[0], rows))
        cells = _renamed(cells, shape.target_names) if shape.target_names else cells
        return (cells if isinstance(shape.target, str) else _as_lists(cells)), []
    rows_of_cells = list(zip(*map(rows.column, names), strict=True))
    return rows.convert(", ".join(names), _several, rows_of_cells), []


def _as_lists(cells: Sequence[Any]) -> Sequence[Any]:
    return pack([cell if isinstance(cell, list) else [cell] for cell in cells])


def _renamed(cells: Sequence[Any], names: Mapping[str, str]) -> Sequence[Any]:
    """Return the targets with their names. Raises UnknownName for a target without a name."""
    unknown = next((cell for cell in cells if str(cell) not in names), None)
    if unknown is not None:
        raise UnknownName("target in data option target_names", str(unknown), names)
    return pack([names[str(cell)] for cell in cells])


def _answer(cell: object) -> str | list[str]:
    return _several(cell) if isinstance(cell, list) else parse_text(cell)


def _several(cells: Sequence[object]) -> list[str]:
    there = [cell for cell in cells if not is_missing(cell) and cell != ""]
    texts = cells if isinstance(cells, list) else there
    if not texts:
        raise ValueError("give a correct answer")
    return list(map(parse_text, texts))


def _choices(rows: Rows, shape: ColumnMapping) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the target of each multiple-choice row, and the text of its options (`as_choice`).

    A row without options has the target of an open question and no text of options.
    """
    names = column_list(shape.options)
    answer_column = column_list(shape.target)[0]
    answers = rows.column(answer_column)
    form = shape.option_format
    options = zip(*map(rows.sparse_column, names), strict=True)
    targets: list[object] = []
    lines: list[object] = []
    for at, (answer, cells) in enumerate(zip(answers, options, strict=True)):
        where = rows.where(at)
        if len(names) == 1 and has_no_options(cells[0]):
            lists = form.answer == "any"
            targets.append(_open_answer(answer, answer_column, where, lists=lists))
            lines.append(ABSENT)
            continue
        texts = form.without_letters(option_texts(cells, names, where))
        target, line = as_choice([answer], texts, where, form=form)
        targets.append(target)
        lines.append(line)
    return targets, lines


def _open_answer(answer: object, column: str, where: str, *, lists: bool) -> str | list[str]:
    """Return the answer or the answers to an open question among questions with options.

    With `lists`, a string with a Python list stands for several answers, as in MMMU.
    """
    parsed = parse_options(answer) if lists and str(answer).startswith("[") else None
    try:
        return _answer(parsed if parsed and isinstance(parsed, list) else answer)
    except ValueError as error:
        raise DataError(f"{where}: {column}: {error}") from error
