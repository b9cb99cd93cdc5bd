"""The data source `answers`: questions with the answers that are right, or with options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import NamedTuple

from mmbench.columns import ABSENT, Mappings, Repeated, packed
from mmbench.data.mapping.choices import meant_letters, option_texts, right_letter
from mmbench.data.mapping.media_columns import check_optional
from mmbench.data.mapping.table_media import media_of
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.records import (
    Record,
    columns_of,
    first_of,
    full_texts,
    only_of,
    optional_texts,
    plain_name,
    refuse_duplicates,
    tags,
    tags_of,
    text_ids,
    text_of,
)
from mmbench.data.readers.table_files import find_file, read_records
from mmbench.datasets import Samples, lettered, sample_columns
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.types import Broken

_IDS = ("id", "question_id")
_ANSWERS = ("answer", "answers")
_USED = {"id", *_ANSWERS, *MEDIA, "file", "question", "options", "group"}


@declare_source(own_data=True)
def answers(root: Path | None, *, optional: list[str] | None = None) -> Samples:
    """A sample for each row of a CSV, TSV, JSONL or JSON file: what may be answered, as target.

    Columns: `id`; `answer` (or `answers`), a text, a list of them in JSONL, or in a CSV one column
    of that name for each; `question`; `options`, a list in JSONL, or columns A, B, C, …; `image`,
    `audio`, `video`, `file`: paths beside the file; `group`: what rows share (an image, a question
    whose options rotate). All other columns are tags, `question_id` next to an `id` among them. A
    row whose cell of a medium is empty fails, unless the medium is `optional`; a row of JSONL
    without the key is asked by its text alone.

    The target is a text, or the list of texts that are right. With options it is {"answer": letter,
    "options": [text, …]}: the answer is given as its letter or as the text of an option; the input
    `options` has them as lines "A. cat". An answer that is the letter of one option and the text
    of another is the letter, as in MMMU's official code, unless other answers of the file are
    texts: then, and where the text of two options is given, the sample is Broken. Raises DataError,
    with the line, for an answer that is neither, and for ids that stand twice.
    """
    check_optional(optional or [], MEDIA)
    path = find_file(root, "answers")
    records = read_records(path, "answer")
    ids = text_ids(records, _IDS)
    refuse_duplicates("id", ids, str(path))
    media = media_of(records, path.parent, str(path), optional or [])
    asked = _plain(records) or _asked(records)
    texts = {"question": optional_texts(records, "question", ABSENT), "options": asked.options}
    samples = sample_columns(
        ids,
        {**media.columns, **texts},
        targets=asked.targets,
        groups=optional_texts(records, "group"),
        tags=asked.tags.columns,
    )
    return Samples(samples, group_name="group")


class _Asked(NamedTuple):
    """What is right in each row, its options as one input, and its tags."""

    targets: Sequence[object]
    options: Sequence[object]
    tags: Mappings


def _plain(records: Sequence[Record]) -> _Asked | None:
    """Return rows of one right answer each, without options, column by column; None for others."""
    names = {*columns_of(records)}
    answers = [name for name in names if plain_name(name) in _ANSWERS]
    right = full_texts(records, answers) if len(answers) == 1 else None
    if right is None or names & {"options", "B"}:
        return None
    used = _USED | {first_of(records[0], _IDS, "id")}
    return _Asked(right, Repeated(ABSENT, len(records)), tags(records, used))


def _asked(records: Sequence[Record]) -> _Asked:
    texts = any(map(_is_text, records))
    targets: list[object] = []
    shown: list[object] = []
    beside: list[dict[str, str]] = []
    for record in records:
        options, right = _options(record), _right(record)
        target: object = right[0] if len(right) == 1 else right
        lines: object = ABSENT
        if options:
            letter = right_letter(right, options, record.where, texts=texts)
            broken = isinstance(letter, Broken)
            target = letter if broken else {"answer": letter, "options": options}
            lines = letter if broken else lettered(options)
        targets.append(target)
        shown.append(lines)
        letters = set(ascii_uppercase[: len(options)])
        beside.append(tags_of(record, _USED | letters | {first_of(record, _IDS, "id")}))
    return _Asked(packed(targets), packed(shown), Mappings.of(beside))


def _right(record: Record) -> list[str]:
    name = only_of(record, _ANSWERS, "answer")
    given = record.cells[name]
    texts = given if isinstance(given, list) else [given]
    right = [text_of(Record(record.where, {name: text}), name) for text in texts]
    if not right or "" in right:
        raise DataError(f"{record.where}: {name} is empty: a right answer is needed")
    return right


def _options(record: Record) -> list[str]:
    """The options of a row, numbers as their decimal texts; none where it has none."""
    if record.cells.get("options"):
        return option_texts([record.cells["options"]], ["options"], record.where)
    cells = [record.cells.get(letter) for letter in ascii_uppercase]
    given = "B" in record.cells and any(cell not in (None, "") for cell in cells)
    return option_texts(cells, ascii_uppercase, record.where) if given else []


def _is_text(record: Record) -> bool:
    """Whether the answer of a row is the text of one of its options and no letter of any."""
    options = _options(record)
    by_text, by_letter = meant_letters(_right(record)[0], options) if options else ("", "")
    return bool(by_text) and not by_letter
