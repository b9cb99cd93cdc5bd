"""The data source `rows`: samples from a data set of the datasets library, whatever its columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mmbench.data.cells import Columns, Shape, cell, chosen, sample_of
from mmbench.data.encoded import Encoded, encoded
from mmbench.data.hub import open_dataset
from mmbench.data.listing_read import option_as
from mmbench.data.media_fields import check_optional
from mmbench.data.packaged_prompts import with_templates
from mmbench.data.pairs import refuse_duplicates
from mmbench.data.records import Record
from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.protocols import declare_source
from mmbench.text import count
from mmbench.types import Broken, Content, Sample

if TYPE_CHECKING:
    from datasets import Dataset


class _Join(Struct, frozen=True):
    """A joined configuration: its name, the columns of the ids there and here, and its inputs."""

    name: str
    by: str
    id: str
    fields: dict[str, str]


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
    samples: list[Sample] = []
    classes = [str(name) for name in labels or []]  # YAML has 0 for the digit
    source: dict[str, str] = {}
    for one in name if isinstance(name, list) else [name]:
        dataset, source = open_dataset(root, path, one, split, revision)
        part = f"{one}/" if isinstance(name, list) else ""
        label = f"{source['path']} ({', '.join(filter(None, [one, split]))})"
        held = encoded(dataset, shape, label, beside(source))
        other = _joined(root, path, split, revision, join) if join else None
        classes = classes or _classes(dataset, target)
        columns = [*shape.columns(), *(where or {}), *([other.by] if other else [])]
        kept = [(n, record) for n, record in held.records(columns) if chosen(record, where)]
        media = held.contents(kept, optional or [])
        joined = other.contents([record for _, record in kept]) if other else [{}] * len(kept)
        samples += [
            _sample(held, shape, record, f"{part}{number}", classes, own | more)
            for (number, record), own, more in zip(kept, media, joined, strict=True)
        ]
    if not samples:
        raise DataError(f"{source.get('path', path)}: no row is one that the task asks for")
    refuse_duplicates("id", [sample.id for sample in samples], source["path"])
    shown = [name.replace("_", " ") for name in classes] if spaces else classes
    data = Samples(samples, shown, source, group_name=group)
    return with_templates(data, prompts, Path(source["path"]))


class _Joined:
    """Another configuration of a data set, whose rows are found by their id."""

    def __init__(
        self,
        root: Path | None,
        path: str,
        split: str,
        revision: str | None,
        join: _Join,
    ) -> None:
        dataset, source = open_dataset(root, path, join.name, split, revision)
        label = f"{source['path']} ({join.name}, {split})"
        self._held = encoded(dataset, Shape(join.id, join.fields), label, beside(source))
        texts = sorted(join.fields.keys() - self._held.media)
        if texts:
            raise DataError(f"{label}: join adds media, and {texts[0]} holds none: leave it out")
        self._rows = {
            str(cell(r, join.id)): (n, r)
            for n, r in self._held.records([join.id, *join.fields.values()])
        }
        self.by, self._label = join.by, label

    def contents(self, records: list[Record]) -> list[dict[str, Content]]:
        """Return the media that belong to each row; Broken where there is none of that id."""
        keys = [str(cell(record, self.by)) for record in records]
        wanted = {key: self._rows[key] for key in keys if key in self._rows}
        media = dict(zip(wanted, self._held.contents(list(wanted.values())), strict=True))
        pairs = zip(records, keys, strict=True)
        return [media[key] if key in media else self._lost(key, record) for record, key in pairs]

    def _lost(self, key: str, record: Record) -> dict[str, Content]:
        why = Broken(f"{record.where}: {self.by} {key!r} is not in {self._label}")
        return dict.fromkeys(self._held.media, why)


def _joined(
    root: Path | None, path: str, split: str, revision: str | None, join: dict[str, object]
) -> _Joined:
    if join.keys() != {"name", "by", "id", "fields"}:
        raise SpecError(
            f"data option join has the keys {', '.join(map(str, join))}:"
            " name, by, id and fields are needed"
        )
    return _Joined(root, path, split, revision, option_as(_Join, join, "join"))


def _sample(
    held: Encoded,
    shape: Shape,
    record: Record,
    number: str,
    classes: list[str],
    media: dict[str, Content],
) -> Sample:
    texts = {name: column for name, column in shape.fields.items() if name not in held.media}
    plain = shape._replace(fields=texts)
    target = None
    if classes:
        plain = plain._replace(target="")
        target = _positions(cell(record, str(shape.target)), classes, record)
    return sample_of(plain, record, number, media, target)


def beside(source: dict[str, str]) -> Path:
    """Where the paths of a data set on disk begin; those of the hub are its cache's own."""
    place = Path(source["path"])
    return place.parent if place.is_file() else place


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
