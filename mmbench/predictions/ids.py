"""Assignment of outputs to samples if the file alone does not show the ids.

A file of plain lines may contain ids: it may be a text file of Kaldi (`id words…`) or NIST
transcripts (`text (id)`) under another file name. Only a comparison with the ids of the samples can
show this. An id that is read as a word would count as a transcription error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple
from unicodedata import normalize

import msgspec

from mmbench.columns import Keyed, are_distinct
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.transcript_lines import kaldi_parts, trn_parts
from mmbench.errors import DataError
from mmbench.predictions.lines import hypothesis_text
from mmbench.text import part_of
from mmbench.types import Outputs

_SEPARATORS = re.compile(r"[\s,;:|]+")
_HELP = "give .trn, .jsonl or .csv"


class _LineFormat(NamedTuple):
    """A line format with ids.

    `where` completes the phrase "the line … the id" ("begins with"), `name` is the name of the
    format, and `parts` splits a line into id and text; it returns None for a line of another form.
    """

    where: str
    name: str
    parts: Callable[[str], tuple[str, str] | None]


_LINE_FORMATS = (
    _LineFormat("begins with", "Kaldi's text, `id words…`", kaldi_parts),
    _LineFormat("ends in", "NIST transcripts, `text (id)`", trn_parts),
)


def with_ids_of_data(
    outputs: Outputs, sides: Mapping[str, Sequence[str]], where: str, *, fold: bool = False
) -> Outputs:
    """Return the outputs with the ids of the samples that they belong to.

    `sides` are the ids of the data by role: `sample`, or `query` and `corpus`. If the outputs are
    plain lines that contain ids, these ids are used. With `fold`, ids match regardless of case.
    Raises DataError with a message that begins with `where`.
    """
    if len(sides) == 1:
        (ids,) = sides.values()
        outputs = with_line_ids(outputs, ids, where, fold=fold)
    return with_folded_ids(outputs, sides) if fold and not outputs.positional else outputs


def with_line_ids(
    outputs: Outputs, ids: Sequence[str], where: str, *, fold: bool = False
) -> Outputs:
    """Return the outputs with the sample ids in their lines; unchanged if lines contain no ids.

    With `fold`, ids match regardless of case. Raises DataError with a message that begins with
    `where`, if only some lines contain an id, or if the ids may be in the lines by chance.
    """
    plain = outputs.positional and not outputs.tags
    texts = Keyed.from_mapping(outputs.values).column if plain else ()
    numbered = [(n, t) for n, t in enumerate(texts, 1) if isinstance(t, str) and t.strip()]
    if not plain or not numbered or not all(isinstance(text, str) for text in texts):
        return outputs
    key = str.casefold if fold else str
    known = {key(ident): ident for ident in ids}
    for form in _LINE_FORMATS:
        parsed = [form.parts(text) for _, text in numbered]
        line_ids = [known.get(key(parts[0]), "") if parts else "" for parts in parsed]
        if not any(line_ids):
            line_ids = _ids_of_paths(parsed, ids)
        if all(line_ids) and not _by_chance(line_ids, parsed, ids, form, where):
            refuse_duplicates("id", line_ids, where)
            line_texts = [parts[1] for parts in parsed if parts]
            return _with_texts_by_id(
                outputs, dict(zip(line_ids, line_texts, strict=True)), form, where
            )
        _refuse_partial_ids(numbered, parsed, ids, form, where)
    return outputs


def _ids_of_paths(parsed: Sequence[tuple[str, str] | None], ids: Sequence[str]) -> list[str]:
    """Return the sample id of each line by the names of files without folders and extensions.

    An id is "" if there is none. All are "" if two samples have the same name, or if ids are
    numbers, which may be words.
    """
    stems = [PurePosixPath(ident).stem for ident in ids]
    known = dict(zip(stems, ids, strict=True)) if are_distinct(stems) else {}
    found = [known.get(PurePosixPath(parts[0]).stem, "") if parts else "" for parts in parsed]
    return [""] * len(found) if any(name.isdigit() for name in known) else found


def _by_chance(
    line_ids: Sequence[str],
    parsed: Sequence[tuple[str, str] | None],
    ids: Sequence[str],
    form: _LineFormat,
    where: str,
) -> bool:
    """Return whether numbers in the lines equal sample ids by chance.

    This is so if an id occurs in two lines. Raises DataError if it cannot be decided, because the
    lines contain only ids or the numbers are not in the order of the samples.
    """
    numbers = all(ident.isdigit() for ident in ids)
    if numbers and len(set(line_ids)) < len(line_ids):
        return True
    only_ids = not any(parts and parts[1] for parts in parsed)
    distinct_ids = set(line_ids)
    if only_ids or (
        numbers and list(line_ids) != [ident for ident in ids if ident in distinct_ids]
    ):
        raise DataError(
            f"{where}: every line {form.where} the id of a sample, perhaps by chance; {_HELP}"
        )
    return False


def _with_texts_by_id(
    outputs: Outputs, texts: dict[str, str], form: _LineFormat, where: str
) -> Outputs:
    values: dict[str, object] = dict(texts)
    if form.parts is trn_parts:
        values = {
            ident: hypothesis_text(text, f"{where}: sample {ident}")
            for ident, text in texts.items()
        }
    note = f"every line {form.where} the id of a sample, so lines are read as {form.name}"
    return msgspec.structs.replace(
        outputs, values=values, positional=False, notes=[*outputs.notes, note]
    )


def _refuse_partial_ids(
    numbered: Sequence[tuple[int, str]],
    parsed: Sequence[tuple[str, str] | None],
    ids: Sequence[str],
    form: _LineFormat,
    where: str,
) -> None:
    """Raise DataError if at least half of the lines, but not all, seem to contain an id.

    A string seems to be an id if it equals one except for case, folders, extensions, the Unicode
    form and table separators. A number counts only with a table separator, because otherwise it may
    be a word.
    """
    known = {_simplified(ident): ident for ident in ids}
    resembled = [_resembled_id(parts[0], known) if parts else "" for parts in parsed]
    like = {ident for ident in resembled if ident}
    if 2 * len(like) < len(numbered):
        return
    for (number, text), parts, ident in zip(numbered, parsed, resembled, strict=True):
        token = parts[0] if parts else text.split()[0]
        if token != ident:
            raise DataError(
                f"{where}: {part_of(len(like), len(numbered), 'line', 'seems', 'seem')} to"
                f" have an id, as {form.name}, but line {number} {form.where} {token!r}, which"
                f" is not the id of a sample; {_hint(token, ident)}"
            )


def _resembled_id(start: str, known: Mapping[str, str]) -> str:
    """Return the sample id that the beginning of a line resembles, or "" if it resembles none."""
    ident = known.get(_simplified(start), "")
    bare = ident.isdigit() and not _SEPARATORS.search(start)
    return "" if bare else ident


def _hint(token: str, ident: str) -> str:
    if ident and token.casefold() == ident.casefold():
        return f"--fold-ids reads it as {ident}"
    return _HELP


def _simplified(text: str) -> str:
    """Return an id in lower case and NFC, without folders, extension and all after a separator."""
    first = next(filter(None, _SEPARATORS.split(text)), "")
    return normalize("NFC", PurePosixPath(first).stem).casefold()


def with_folded_ids(outputs: Outputs, sides: Mapping[str, Sequence[str]]) -> Outputs:
    """Return the outputs with the ids of the samples, matched regardless of case as in sclite.

    `sides` are the ids of the data by role (`with_ids_of_data`). Raises DataError if two ids of the
    data, or two ids of the outputs, differ only in case.
    """
    known = {side: _folded(ids, side) for side, ids in sides.items()}
    query_ids = known.get("query") or next(iter(known.values()))
    corpus = known.get("corpus", {})
    values = {
        ident: _with_folded_documents(value, corpus) if corpus else value
        for ident, value in _renamed(outputs.values, query_ids).items()
    }
    embeddings = {
        side: (_names(ids, known.get(side, {})), vectors)
        for side, (ids, vectors) in outputs.embeddings.items()
    }
    tags = _renamed(outputs.tags, query_ids)
    return msgspec.structs.replace(outputs, values=values, embeddings=embeddings, tags=tags)


def _with_folded_documents(value: object, corpus: Mapping[str, str]) -> object:
    """Return the documents in an output, with their ids spelt as in the corpus.

    `value` is a list of ids, or scores by id. `corpus` maps ids in folded case to the ids of the
    corpus.
    """
    if isinstance(value, dict):
        return _renamed(value, corpus)
    if isinstance(value, list):
        return [corpus.get(doc.casefold(), doc) if isinstance(doc, str) else doc for doc in value]
    return value


def _folded(ids: Sequence[str], side: str) -> dict[str, str]:
    refuse_duplicates(f"{side} id in lower case", [ident.casefold() for ident in ids], "--fold-ids")
    return {ident.casefold(): ident for ident in ids}


def _renamed(by_id: Mapping[str, object], known: Mapping[str, str]) -> dict[str, object]:
    return dict(zip(_names(list(by_id), known), by_id.values(), strict=True))


def _names(ids: Sequence[str], known: Mapping[str, str]) -> list[str]:
    names = [known.get(ident.casefold(), ident) for ident in ids]
    refuse_duplicates("output id in lower case", names, "--fold-ids")
    return names
