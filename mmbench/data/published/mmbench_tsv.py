"""The data source `mmbench`: MMBench, multiple choice with all rotations of the options.

Source: Liu et al. 2023, arXiv 2307.06281, section 4.1 (CircularEval); the columns of the TSV files
follow open-compass/VLMEvalKit vlmeval/dataset/image_mcq.py and image_base.py.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

from msgspec.structs import replace

from mmbench.data.mapping.samples import ColumnMapping, sample_table
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import find_file, read_records
from mmbench.data.readers.temporary_media import Spool
from mmbench.datasets import Samples, lettered
from mmbench.errors import DataError
from mmbench.media.inside import MediaInFile
from mmbench.storage.content_keys import cache_folder
from mmbench.types import Content, InvalidContent, Media, Sample

# The index of a rotation is the index of its question plus a multiple of this number.
_ROTATED = 1_000_000
_REFERENCE = (
    64  # characters; a cell of at most this length in the image column is the index of a row
)
_TAGS = ("category", "l2-category")


def mmbench(root: Path | None, *, circular: bool = True) -> Samples:
    """Load one sample per row of MMBench's TSV; `circular` adds each rotation of its options.

    `root` is the .tsv, or a folder that contains a single .tsv, with the columns index, question,
    hint, A, B, C, D, answer, category, l2-category and image (base64, or the index of the row that
    has the image). If the file already contains rotations (an index of at least 1,000,000), no
    rotations are added. The id of a sample is its index; added rotations have the ids index/1,
    index/2, …. All rotations of a question form a group. A hint precedes its question, on a
    separate line.

    Raises DataError for data that cannot be read, and for duplicate ids.
    """
    file = find_file(root, "mmbench", (".tsv",))
    rows = OwnTable(FileRows(file, read_records(file)))
    ids = rows.distinct_ids(("index",))
    turned = any(_number(ident) >= _ROTATED for ident in ids)
    letters = [letter for letter in ascii_uppercase if rows.has(letter)]
    tags = {name: name for name in _TAGS if rows.has(name)}
    shape = ColumnMapping("index", {"question": "question"}, "answer", letters, "", tags)
    samples: list[Sample] = []
    unrotated = sample_table(rows, shape, media={"image": _images(rows, ids)})
    for sample, hint in zip(unrotated, rows.texts("hint"), strict=True):
        question = _with_hint(sample, hint)
        samples += [question] if turned or not circular else _rotations(question)
    return Samples(samples, group_name="question")


def _with_hint(sample: Sample, hint: str) -> Sample:
    """Return a sample with the hint before its question, and with the question's id as group."""
    number = _number(sample.id)
    group = str(number % _ROTATED) if number >= 0 else sample.id
    lead = f"{hint}\n" if hint else ""
    question = f"{lead}{sample.inputs['question']}"
    return replace(sample, group=group, inputs={**sample.inputs, "question": question})


def _number(ident: str) -> int:
    return int(ident) if ident.isdecimal() else -1


def _rotations(sample: Sample) -> list[Sample]:
    """Return the sample and its copies with rotated options; a failed sample has no copies."""
    if isinstance(sample.target, InvalidContent):
        return [sample]
    options = sample.target["options"]
    right = ascii_uppercase.index(sample.target["answer"])
    turns = [sample]
    for by in range(1, len(options)):
        letter = ascii_uppercase[(right - by) % len(options)]
        target = {"answer": letter, "options": options[by:] + options[:by]}
        inputs = {**sample.inputs, "options": lettered(target["options"])}
        turns.append(replace(sample, id=f"{sample.id}/{by}", inputs=inputs, target=target))
    return turns


def _images(rows: OwnTable, ids: Sequence[str]) -> list[Content]:
    """Return the image of each row: the image in its cell, or the image of the row that its cell
    names.
    """
    spool = Spool(cache_folder())
    texts = rows.required("image")
    own: dict[str, MediaInFile] = {}
    for at, (ident, text) in enumerate(zip(ids, texts, strict=True)):
        if len(text) > _REFERENCE:
            try:
                own[ident] = spool.add(b64decode(text, validate=True))
            except Error as error:
                raise DataError(f"{rows.where(at)}: image is not base64: {error}") from error
    images: list[Content] = []
    for at, (ident, text) in enumerate(zip(ids, texts, strict=True)):
        owner, where = ident if ident in own else text, rows.where(at)
        images.append(
            Media("image", f"image of {owner}, {where}", own[owner])
            if owner in own
            else InvalidContent(f"{where}: no row has the image with index {owner[:_REFERENCE]!r}")
        )
    return images
