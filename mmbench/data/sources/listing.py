"""The data source `listing`: rows of annotation files as they are published, with media beside.

The task file says which column is what, so that a data set whose files are JSON, JSONL, CSV or TSV
needs no code of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from mmbench.data.mapping.listing_media import media_beside, named
from mmbench.data.mapping.media_fields import field_modality
from mmbench.data.mapping.pairs import check_count, refuse_duplicates
from mmbench.data.mapping.patterns import refuse_missing
from mmbench.data.mapping.published_rows import Paths, refuse_none
from mmbench.data.mapping.samples import Columns, Shape, cell, chosen, sample_of
from mmbench.data.readers.annotation_files import Files, Table, find_files, option_as, read_rows
from mmbench.data.readers.records import Record, as_id
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.text import listed, part_of
from mmbench.types import Sample


class References(Struct, frozen=True, forbid_unknown_fields=True):
    """Texts that stand in an entry `rows` of their own: the column `text`, of the row `of`."""

    rows: str
    of: str
    text: str


def listing(
    root: Path | None,
    *,
    files: Files,
    rows: str = "",
    table: dict[str, object] | None = None,
    where: dict[str, object] | None = None,
    last: int | None = None,
    id: str = "",
    fields: dict[str, str] | None = None,
    media: Paths | None = None,
    names: dict[str, str] | None = None,
    optional: list[str] | None = None,
    target: Columns = "",
    options: Columns = "",
    references: dict[str, str] | None = None,
    group: str = "",
    tags: dict[str, str] | None = None,
) -> Samples:
    """A sample for each row of one file or several.

    `files` is a path in the folder `root`, a list of which the first that is there counts, or a
    mapping of parts to these: ids then begin with `part/`, and the column `part` holds it. `rows`
    is the entry of a JSON file that holds the rows (`data`, or `a.b`), `table` how a table is
    written (`Table`). Only rows in which the columns of `where` have these values are taken (one,
    or a list of them), and of those the `last` so many.

    `id`, `fields` (input → column), `target`, `options`, `group` and `tags` (tag → column) are as
    in `Shape`; the number of a row counts all of its file. `media` maps image, audio or video to
    the path of its file, or to a list, best first, with cells in it (`filled`):
    `images/{split}/{image}`; it is looked for as `find_images` does it. A field named image, audio
    or video (or image_1, …) is a medium as well, at the path in its column. A row in which one of
    these cells is empty fails, unless the medium is `optional`. `names` (`Names`) is a file beside,
    if it is there, that says under which name a medium is kept. `references` (`References`) gathers
    the targets of each row by its id.

    Raises DataError for what cannot be read, for ids that stand twice and for rows without a
    reference; UnknownName for a column that is not there.
    """
    check_count("last", last)
    columns = {name: c for name, c in (fields or {}).items() if field_modality(name)}
    texts = {name: column for name, column in (fields or {}).items() if name not in columns}
    shape = Shape(id, texts, target, options, group, tags or {})
    written = option_as(Table, table or {}, "table")
    samples: list[Sample] = []
    for part, file in find_files(root, files, "listing"):
        found = read_rows(file, rows, written)
        parted = _parted(found, part)
        if parted:
            refuse_missing(parted[0], [*(where or ()), *shape.columns(), *columns.values()])
        numbered = [(n, r) for n, r in enumerate(parted) if chosen(r, where)]
        numbered = numbered[-last:] if last else numbered
        refuse_none(numbered, len(found), file)
        kept = named([record for _, record in numbered], file, names)
        beside = media_beside(kept, media or {}, file, columns=columns, optional=optional or [])
        targets = _references(kept, shape, file, references)
        ids = [str(number) for number, _ in numbered]
        made = [sample_of(shape, *row) for row in zip(kept, ids, beside, targets, strict=True)]
        samples += [_within(part, sample) for sample in made] if part else made
    refuse_duplicates("id", [sample.id for sample in samples], str(root))
    return Samples(samples, group_name=group)


def _parted(records: list[Record], part: str) -> list[Record]:
    return [Record(r.where, {"part": part, **r.cells}) for r in records] if part else records


def _within(part: str, sample: Sample) -> Sample:
    return msgspec.structs.replace(sample, id=f"{part}/{sample.id}")


def _references(
    records: list[Record], shape: Shape, file: Path, given: Mapping[str, str] | None
) -> list[object]:
    if given is None:
        return [None] * len(records)
    wanted = option_as(References, given, "references")
    texts: dict[str, list[str]] = {}
    for row in read_rows(file, wanted.rows, Table()):
        ident = as_id(cell(row, wanted.of), f"{row.where}: {wanted.of}")
        texts.setdefault(ident, []).append(str(cell(row, wanted.text)))
    ids = [as_id(cell(record, shape.id), record.where) for record in records]
    lost = [ident for ident in ids if ident not in texts]
    if lost:
        raise DataError(f"{file}: {part_of(len(lost), len(ids), 'row')} no text: {listed(lost)}")
    return [texts[ident] for ident in ids]
