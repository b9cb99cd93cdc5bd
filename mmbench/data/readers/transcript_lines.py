"""Transcript lines with ids, in the formats `text (id)` of NIST and `id words…` of Kaldi."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.table_files import text_lines
from mmbench.errors import DataError

TIMED = {".ctm": "words with times", ".stm": "segments with times"}  # formats that are not read


def trn_texts(data: bytes, path: Path) -> dict[str, str]:
    """Return the texts of NIST lines `text (id)` by id.

    Empty lines and lines that begin with ;; are skipped. Source of the format: NIST SCTK
    doc/infmts.htm, "trn". Raises DataError for other lines, for duplicate ids, and if there are no
    lines.
    """
    pairs = []
    for number, line in enumerate(text_lines(data, path), start=1):
        if line.strip() and not line.startswith(";;"):
            parts = trn_parts(line)
            if parts is None:
                raise DataError(f"{path} line {number} does not end in an id; write `text (id)`")
            pairs.append(parts)
    if not pairs:
        raise DataError(f"{path}: no lines `text (id)`")
    refuse_duplicates("id", [ident for ident, _ in pairs], str(path))
    return dict(pairs)


def trn_parts(line: str) -> tuple[str, str] | None:
    """Return the id and the text of a line `text (id)`, None for a line of another form."""
    text, bracket, ident = line.rstrip().rpartition("(")
    name = ident.removesuffix(")")
    if not bracket or name == ident or len(name.split()) != 1 or ")" in name:
        return None
    return name.strip(), text.strip()


class NumberedText(NamedTuple):
    """A text with the number of its line, from 1."""

    line: int
    text: str


def kaldi_texts(data: bytes, path: Path) -> dict[str, str]:
    """Return the texts of Kaldi lines `id words…` by id (`kaldi_lines`)."""
    return {ident: one.text for ident, one in kaldi_lines(data, path).items()}


def kaldi_lines(data: bytes, path: Path) -> dict[str, NumberedText]:
    """Return the texts of Kaldi lines `id words…` by id; empty lines are skipped.

    Source of the format: kaldi-asr.org, doc/data_prep.html, "text". The files utt2spk, wav.scp and
    segments of Kaldi have the same form. Raises DataError for duplicate ids, and if there are no
    lines.
    """
    lines = enumerate(text_lines(data, path), start=1)
    rows = [(number, *kaldi_parts(line)) for number, line in lines if line.strip()]
    if not rows:
        raise DataError(f"{path}: no lines `id words…`")
    refuse_duplicates("id", [ident for _, ident, _ in rows], str(path))
    return {ident: NumberedText(number, text) for number, ident, text in rows}


def kaldi_parts(line: str) -> tuple[str, str]:
    """Return the id and the text of a non-empty line `id words…`."""
    ident, *text = line.split(maxsplit=1)
    return ident, text[0].rstrip() if text else ""
