"""The data source `rows`: samples from a data set of the datasets library, whatever its columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mmbench.columns import Mappings, Table, column, joined, joined_mappings, table
from mmbench.data.mapping.joined_media import joined_by
from mmbench.data.mapping.media_fields import check_optional
from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.mapping.prompts import with_templates
from mmbench.data.mapping.samples import Columns, Shape, cell, sample_of
from mmbench.data.readers.hub_datasets import open_dataset
from mmbench.data.readers.library_rows import Encoded, Rows, beside, encoded
from mmbench.data.readers.records import Record
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import count
from mmbench.types import Sample

if TYPE_CHECKING:
    from datasets import Dataset

_BLOCK = 1000  # samples that are objects at a time


@declare_source(hub=True)
def rows(
    root: Path | None,
    *,
    path: str = "",
    name: str | list[str] | None = None,
    split: str = "test",
    revision: str | None = None,
    where: dict[str, object] | None = None,
    id: str = "",
    fields: dict[str, str] | None = None,
    target: Columns = "",
    labels: list[str] | None = None,
    options: Columns = "",
    group: str = "",
    tags: dict[str, str] | None = None,
    optional: list[str] | None = None,
    prompts: str = "",
    spaces: bool = False,
    join: dict[str, object] | None = None,
) -> Samples:
    """A sample for each row of the data set OWNER/NAME, or of the folder or file `root`.

    `path`, `name`, `split` and `revision` are as in the source `hf`; of several configurations
    `name` the rows follow each other. Only rows in which the columns of `where` have these values
    (one, or a list of them) are taken. `id`, `fields` (input → column), `target`, `options`,
    `group` and `tags` are as in `Shape`. A column of images, sounds or videos is an input of that
    modality; so is one of paths, of bytes or of structs of both, whose input is called image, audio
    or video (or image_1 …). Media stay encoded and are read when they are needed; paths begin at
    the file or the folder, and are looked for as `find_images` does. A row without a medium fails,
    unless it is one of the `optional` inputs, or the row has another one of image_1, image_2, …

    `join` adds inputs from another configuration, `name`, of the same data set: those of the row
    whose column `id` has the value that is in the column `by` here; its `fields` are as above.

    `prompts` names the templates of clip-benchmark (`with_templates`); with `spaces` an underscore
    in the name of a class becomes a space.

    A target of the datasets library's own classes, or a text that stands in `labels`, is its
    position in the labels. Raises DataError for what cannot be had or read, for ids that stand
    twice and for a label that is none; UnknownName for a column that is not there.
    """
    shape = Shape(id, fields or {}, target, options, group, tags or {})
    check_optional(optional or [], shape.fields)
    tables: list[Table[Sample]] = []
    classes = [str(name) for name in labels or []]  # YAML has 0 for the digit
    source: dict[str, str] = {}
    for one in name if isinstance(name, list) else [name]:
        dataset, source = open_dataset(root, path, one, split, revision)
        part = f"{one}/" if isinstance(name, list) else ""
        label = f"{source['path']} ({', '.join(filter(None, [one, split]))})"
        held = encoded(dataset, shape, label, beside(source))
        other = joined_by(join, root, path, split, revision) if join else None
        classes = classes or _classes(dataset, target)
        columns = [*shape.columns(), *(where or {}), *([other.by] if other else [])]
        kept = Rows(held, [other.by] if other else [])
        asked = kept.chosen(held.records(columns), where)
        texts = _blocks(_sample(held, shape, r, f"{part}{n}", classes) for n, r in asked)
        media = held.contents(kept, optional or []).columns
        more = other.contents(kept).columns if other else {}
        tables += [_with_media(texts, {**media, **more})] if texts else []
    if not tables:
        raise DataError(f"{source.get('path', path)}: no row is one that the task asks for")
    samples = joined(tables)
    refuse_duplicates("id", column(samples, "id"), source["path"])
    shown = [name.replace("_", " ") for name in classes] if spaces else classes
    data = Samples(samples, shown, source, group_name=group)
    return with_templates(data, prompts, Path(source["path"]))


def _sample(held: Encoded, shape: Shape, record: Record, number: str, classes: list[str]) -> Sample:
    """The sample of a row, without its media."""
    texts = {name: column for name, column in shape.fields.items() if name not in held.media}
    plain = shape._replace(fields=texts)
    target = None
    if classes:
        plain = plain._replace(target="")
        target = _positions(cell(record, str(shape.target)), classes, record)
    return sample_of(plain, record, number, {}, target)


def _blocks(samples: Iterator[Sample]) -> list[Table[Sample]]:
    """Return samples as tables, one behind the other: no more than a block are objects at once."""
    blocks = iter(lambda: list(islice(samples, _BLOCK)), [])
    return [table(Sample, block, ("inputs", "tags")) for block in blocks]


def _with_media(blocks: list[Table[Sample]], media: dict[str, Sequence[Any]]) -> Table[Sample]:
    """Return blocks of samples as one table, with their media in front of their texts."""
    columns = {name: joined([b.columns[name] for b in blocks]) for name in blocks[0].columns}
    texts = joined_mappings([cast("Mappings", block.columns["inputs"]) for block in blocks])
    return Table(Sample, columns | {"inputs": Mappings({**media, **texts.columns}, len(texts))})


def _classes(dataset: Dataset, target: Columns) -> list[str]:
    """The names of the classes of a column of labels; none for one of anything else."""
    feature = dataset.features.get(target) if isinstance(target, str) else None
    feature = getattr(feature, "feature", feature)  # of a list of labels, that of each
    names = getattr(feature, "names", None)
    return list(names) if names else []


def _positions(value: object, classes: list[str], record: Record) -> int | list[int]:
    if isinstance(value, list):
        return sorted(_position(one, classes, record) for one in value)
    return _position(value, classes, record)


def _position(value: object, classes: list[str], record: Record) -> int:
    if isinstance(value, str) and value in classes:
        if classes.count(value) > 1:
            raise DataError(f"{record.where}: several classes are called {value!r}: give numbers")
        return classes.index(value)
    if isinstance(value, int) and 0 <= value < len(classes):
        return value
    number = count(len(classes), "class")
    raise DataError(f"{record.where}: label {value!r} is none of its {number}")
