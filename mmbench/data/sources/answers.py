"""The data source `answers`: questions with their correct answers, or with options."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple

from mmbench.columns import ABSENT, Repeated, pack
from mmbench.data.mapping.choices import as_choice, matching_letters, option_texts
from mmbench.data.mapping.column_roles import MEDIUM, Role, own_table
from mmbench.data.mapping.media_columns import check_optional
from mmbench.data.mapping.own_table_media import media_by_modality
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import parse_text
from mmbench.datasets import Samples, sample_columns
from mmbench.protocols import declare_source

_IDS = ("id", "question_id")
_ANSWERS = ("answer", "answers")
_USED = {"id", *_ANSWERS, *MEDIA, "file", "question", "options", "group"}


_ROLES = (
    Role("answer", required=True, own=_ANSWERS),
    Role("question", own=("question",)),
    Role(MEDIUM, own=(*MEDIA, "file")),
    Role("id", own=_IDS),
    *(Role(name, own=(name,)) for name in ("options", "group")),
)


@declare_source("table", "json", "folder", own_data=True, any_layout=True)
def answers(
    root: DataPlace | None,
    *,
    path: str = "",
    columns: dict[str, str] | None = None,
    split: str | None = None,
    optional: list[str] | None = None,
) -> Samples:
    """Load one sample per row; the target is the correct answer.

    `root` or `path` is the place of the data in any layout of `own_rows`, and `split` a split.
    `columns` gives the columns that have other names; further ones are inferred (`choose_columns`).

    Columns: `id`, by default the name of the file or the row number; `answer` (or `answers`), which
    is a string, a list of strings, or several columns of this name in a CSV; `question`; `options`,
    which is a list, or columns A, B, C, …; `image`, `audio`, `video` and `file`, which are encoded
    files or paths relative to the table; `group`, a name that rows share (an image, a question with
    rotated options). All other columns are tags, including `question_id` if there is an `id`. A row
    with an empty media cell fails, unless the modality is in `optional`; a JSONL row without such a
    key is a question without media.

    The target is a string, or the list of correct strings. With options it is {"answer": letter,
    "options": [text, …]}; the answer is given as a letter or as the text of an option, and the
    input `options` has the lines "A. cat", "B. dog". If an answer is the letter of one option and
    the text of another, the letter counts, as in MMMU's official code. But if other answers of the
    file are texts of options, the answer is ambiguous and the sample fails. An answer that is the
    text of two options is ambiguous too. Raises DataError, with the line, for an answer that
    matches no option, and for duplicate ids.
    """
    check_optional(optional or [], MEDIA)
    rows = own_table(rows_of(root, path, split, "answer"), columns or {}, _ROLES)
    ids = rows.distinct_ids(_IDS) if any(map(rows.find, _IDS)) else rows.default_ids("image")
    parsed = _parse_rows(rows)
    texts = {"question": rows.texts("question", ABSENT), "options": parsed.options}
    samples = sample_columns(
        ids,
        {**media_by_modality(rows, optional or []), **texts},
        targets=parsed.targets,
        groups=rows.texts("group"),
        tags=parsed.tags,
    )
    return Samples(samples, source=rows.source, group_name="group")


class _ParsedRows(NamedTuple):
    """The targets of all rows, their options as an input, and their tags by column."""

    targets: Sequence[Any]
    options: Sequence[Any]
    tags: dict[str, Sequence[Any]]


def _parse_rows(rows: OwnTable) -> _ParsedRows:
    name, cells = rows.only(_ANSWERS, "answer")
    if not (rows.find("options") or "B" in rows.names()):
        right = rows.as_texts(name, _parse_target, cells)
        return _ParsedRows(right, Repeated(ABSENT, len(rows)), _tags(rows, []))
    answers = rows.convert(name, _parse_answers, cells)
    options = _options(rows)
    texts = any(map(_is_text, answers, options))
    targets: list[object] = []
    lines: list[object] = []
    for at, (right, row_options) in enumerate(zip(answers, options, strict=True)):
        target, line = (
            as_choice(right, row_options, rows.where(at), texts=texts)
            if row_options
            else (_single_or_list(right), ABSENT)
        )
        targets.append(target)
        lines.append(line)
    return _ParsedRows(pack(targets), pack(lines), _tags(rows, options))


def _tags(rows: OwnTable, options: Sequence[Sequence[str]]) -> dict[str, Sequence[Any]]:
    """Return the tag columns, without ids and without the columns A, B, C, … of a row's options."""
    ids = {rows.first(_IDS, "id")[0]} if any(map(rows.find, _IDS)) else set()
    tags = rows.tags(_USED | ids)
    for place, letter in enumerate(ascii_uppercase):
        if options and letter in tags:
            pairs = zip(tags[letter], options, strict=True)
            tags[letter] = [
                ABSENT if place < len(row_options) else tag for tag, row_options in pairs
            ]
    other = rows.find("question_id")
    if other in tags:
        tags_and_ids = zip(tags[other], rows.cells("id"), strict=True)
        tags[other] = [ABSENT if ident is ABSENT else tag for tag, ident in tags_and_ids]
    return tags


def _parse_answers(cell: object) -> list[str]:
    """Return the correct answers in a cell, a string or a list of strings. Raises ValueError."""
    right = list(map(parse_text, cell if isinstance(cell, list) else [cell]))
    if not right or "" in right:
        raise ValueError("give a correct answer")
    return right


def _parse_target(cell: object) -> str | list[str]:
    return _single_or_list(_parse_answers(cell))


def _single_or_list(right: list[str]) -> str | list[str]:
    return right[0] if len(right) == 1 else right


def _options(rows: OwnTable) -> list[list[str]]:
    """Return the options of each row as strings; [] for a row without options.

    An option that is a number becomes a decimal string.
    """
    letters = [rows.cells(letter) for letter in ascii_uppercase] if "B" in rows.names() else []
    options = []
    for at, listed in enumerate(rows.cells("options")):
        cells = [None if column[at] is ABSENT else column[at] for column in letters]
        if listed is not ABSENT and listed:
            options.append(option_texts([listed], ["options"], rows.where(at)))
        elif any(cell not in (None, "") for cell in cells):
            options.append(option_texts(cells, ascii_uppercase, rows.where(at)))
        else:
            options.append([])
    return options


def _is_text(right: Sequence[str], options: Sequence[str]) -> bool:
    """Return whether the answer of a row, `right`, is the text of an option and not an option's
    letter.
    """
    by_text, by_letter = matching_letters(right[0], options) if options else (set(), set())
    return bool(by_text) and not by_letter
