"""The data source `answers`: questions with the answers that are right, or with options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from reprlib import repr
from string import ascii_uppercase
from typing import NamedTuple

from mmbench.columns import ABSENT, Mappings, Repeated, packed
from mmbench.data.mapping.beside import MEDIA
from mmbench.data.mapping.media_fields import check_optional
from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.mapping.samples import bare_letter, listed_options
from mmbench.data.mapping.table_media import media_of
from mmbench.data.readers.records import (
    Record,
    columns_of,
    first_of,
    full_texts,
    only_of,
    optional_texts,
    plain_name,
    tags,
    tags_of,
    text_ids,
    text_of,
)
from mmbench.data.readers.table_files import find_file, read_records
from mmbench.datasets import Samples, lettered, sample_columns
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import count
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
        letter = _letter(right, options, record, texts) if options else ""
        given = lettered(options) if options else ABSENT
        target: object = right[0] if len(right) == 1 else right
        whole = {"answer": letter, "options": options} if options else target
        targets.append(letter if isinstance(letter, Broken) else whole)
        shown.append(letter if isinstance(letter, Broken) else given)
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
    given = record.cells.get("options") or _lettered(record)
    several = listed_options(given)
    if isinstance(several, list) and _are_options(several):
        return list(map(str, several))
    raise DataError(f"{record.where}: options is {repr(given)}: 2 to 26 texts are needed in a list")


def _are_options(values: list[object]) -> bool:
    """Return whether values are texts or numbers, none of them or 2 to 26."""
    are_texts = all(isinstance(one, str | int | float) for one in values)
    return are_texts and (not values or 2 <= len(values) <= len(ascii_uppercase))


def _lettered(record: Record) -> list[str]:
    """The cells of the columns A, B, C, … that are not empty. Raises DataError for a gap."""
    given = ascii_uppercase if "B" in record.cells else ""
    letters = [letter for letter in given if record.cells.get(letter) not in (None, "")]
    if letters != list(given[: len(letters)]):
        raise DataError(f"{record.where}: options {', '.join(letters)} leave one out")
    return [text_of(record, letter) for letter in letters]


def _is_text(record: Record) -> bool:
    """Whether the answer of a row is the text of one of its options and no letter of any."""
    options = _options(record)
    by_text, by_letter = _places(_right(record), options) if options else (set(), set())
    return bool(by_text) and not by_letter


def _places(right: list[str], options: list[str]) -> tuple[set[str], set[str]]:
    """The letters of the options whose text an answer is, and the letter that it is itself."""
    letters, answer = ascii_uppercase[: len(options)], right[0]
    by_text = {letters[row] for row, option in enumerate(options) if option == answer}
    letter = answer if by_text else bare_letter(answer)
    return by_text, {letter} & {*letters}


def _letter(right: list[str], options: list[str], record: Record, texts: bool) -> str | Broken:
    """The letter of the right option; Broken where the answer may mean two of them.

    `texts` says that other answers of the file are texts, so that a letter may be one as well.
    """
    letters = ascii_uppercase[: len(options)]
    by_text, by_letter = _places(right, options)
    meant = by_text | by_letter if texts else by_letter or by_text
    where = f"{record.where}: answer {repr(right)}"
    needed = f"one letter of {letters[0]} to {letters[-1]} is needed, or the text of one option"
    if len(right) > 1 or not meant:
        found = len(meant) if len(right) == 1 else len(right)
        raise DataError(f"{where} names {found} of its {count(len(options), 'option')}: {needed}")
    if len(meant) > 1:
        return Broken(
            f"{where} may mean options {', '.join(sorted(meant))}: give the letter of one"
        )
    return meant.pop()
