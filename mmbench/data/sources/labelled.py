"""The data source `labelled`: annotation files as they are published, with one medium to a row.

The task file says which column is the label and where the medium lies, so that a data set whose
annotations are a table or JSON needs no code of its own.
"""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.classes import class_list, in_order, positions
from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.mapping.patterns import named
from mmbench.data.mapping.prompts import with_templates
from mmbench.data.mapping.published_rows import Paths, media_beside, one_medium, rows_of
from mmbench.data.mapping.samples import cell
from mmbench.data.readers.annotation_files import Files
from mmbench.data.readers.records import Record
from mmbench.datasets import Samples
from mmbench.types import Sample


def labelled(
    root: Path | None,
    *,
    files: Files,
    media: Paths,
    label: str,
    id: str,
    rows: str = "",
    table: dict[str, object] | None = None,
    where: dict[str, object] | None = None,
    separator: str = "",
    drop: str = "",
    spaces: bool = False,
    classes: list[str] | dict[str, object] | None = None,
    prompts: str = "",
    group: str = "",
    tags: dict[str, str] | None = None,
) -> Samples:
    """A sample for each row: the position of its label in `Samples.labels` as target.

    `files` is a path in the folder `root`, or a list of which the first that is there counts;
    `rows`, `table` and `where` are as in `rows_of`. `media` maps image, audio or video to the path
    of its file, or to a list of paths, best first (`filled`, `media_beside`). `id`, `label`,
    `group` and the values of `tags` are columns, or patterns with columns in braces.

    With a `separator`, or where the column of labels holds lists, a row has any number of labels
    and its target is the list of their positions. The letters in `drop` are taken out of a label;
    with `spaces` an underscore in the name of a class becomes a space. `classes` gives names in
    order, or a file of them (`ClassFile`); else they are those that occur, sorted. `prompts` names
    the templates (`with_templates`).

    Raises DataError for what cannot be read and for ids that stand twice, UnknownName for a column
    that is not there and for a label that is no class.
    """
    modality, paths = one_medium(media)
    columns = [id, label, group, *(tags or {}).values(), *paths]
    file, records = rows_of(
        root, files, "labelled", entry=rows, table=table, where=where, columns=columns
    )
    texts = [_labels(record, label, separator, drop) for record in records]
    several = bool(separator) or any(isinstance(_cell(row, label), list) for row in records)
    found = class_list(classes, root or file, "labelled") if classes else _occurring(texts)
    order = {name: position for position, name in enumerate(found)}
    contents = media_beside(records, paths, modality, file)
    samples = []
    for record, names, content in zip(records, texts, contents, strict=True):
        target = positions(names, order, record)
        samples.append(
            Sample(
                named(id, record),
                {modality: content},
                target if several else target[0],
                group=named(group, record) if group else "",
                tags={tag: named(column, record) for tag, column in (tags or {}).items()},
            )
        )
    refuse_duplicates("id", [sample.id for sample in samples], str(file))
    shown = [name.replace("_", " ") for name in found] if spaces else found
    return with_templates(Samples(samples, shown, group_name=group), prompts, file)


def _cell(record: Record, label: str) -> object:
    return "" if "{" in label else cell(record, label)


def _labels(record: Record, label: str, separator: str, drop: str) -> list[str]:
    """The labels of a row: of a list all, of a text its parts by the separator; none in ""."""
    given = _cell(record, label)
    if isinstance(given, list):
        texts = [str(name) for name in given]
    elif separator:
        texts = [part.strip() for part in str(given).split(separator) if part.strip()]
    else:
        texts = [named(label, record)]
    return [text.translate({ord(letter): None for letter in drop}) for text in texts]


def _occurring(texts: list[list[str]]) -> list[str]:
    return in_order(name for names in texts for name in names)
