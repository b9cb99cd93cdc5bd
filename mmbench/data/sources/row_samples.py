"""The data sources `listing`, `labelled` and `rows`: one sample per row.

The sources read rows from different places, and all convert them to samples with
`mmbench.data.mapping.samples`.
"""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.choices import OptionFormat
from mmbench.data.mapping.classes import (
    ClassNames,
    ClassOption,
    class_names,
    occurring_classes,
    read_labels,
)
from mmbench.data.mapping.joined_media import open_join
from mmbench.data.mapping.media_columns import Columns, column_list, modality_of, one_medium
from mmbench.data.mapping.pairs import check_count
from mmbench.data.mapping.patterns import refuse_missing
from mmbench.data.mapping.prompts import with_templates
from mmbench.data.mapping.samples import ColumnMapping, sample_table, samples_from_tables
from mmbench.data.mapping.side_files import (
    KeyedFile,
    NameFile,
    References,
    add_keyed,
    add_names,
    reference_texts,
)
from mmbench.data.readers.annotation_files import Files, annotation_rows, option_as
from mmbench.data.readers.library.rows import LibraryRows, library_rows
from mmbench.datasets import Samples
from mmbench.protocols import declare_source


def listing(
    root: Path | None,
    *,
    files: Files,
    rows: str = "",
    table: dict[str, object] | None = None,
    where: dict[str, object] | None = None,
    last: int | None = None,
    id: str = "",
    columns: dict[str, Columns] | None = None,
    names: dict[str, str] | None = None,
    keyed: dict[str, dict[str, object]] | None = None,
    optional: list[str] | None = None,
    target: Columns = "",
    options: Columns = "",
    option_format: dict[str, object] | None = None,
    target_names: dict[str, str] | None = None,
    references: dict[str, str] | None = None,
    group: str = "",
    tags: dict[str, str] | None = None,
) -> Samples:
    """Load one sample per row of one or more published annotation files.

    `files` is a path in the folder `root`, a list of paths (the first that exists is used), or a
    mapping {part: path or list}; ids then begin with `part/`. `rows` is the entry of a JSON file
    that holds the rows (`data`, or `a.b`), `table` the format of a table (`TableFormat`). `where`
    selects rows by column values, {column: value or list of values}; `last` keeps only the last of
    these rows.

    `id`, `columns` (input → column), `target`, `options`, `group`, `tags` (tag → column),
    `optional`, `option_format` and `target_names` are the fields of `ColumnMapping`; row numbers
    count all rows of a file. An input called image, audio or video (or image_1, …) is a media
    input. Its file is at the path in its column, at a path with columns in braces, or at the first
    of several paths that exists: `images/{split}/{image}` (`fill_pattern`, `find_media`). `names`
    (`NameFile`) is an optional file, next to the rows, with the names under which media files are
    stored. `keyed` (column → `KeyedFile`) adds columns from JSON mappings. `references`
    (`References`) collects the reference texts of each row by its id.

    Raises DataError for data that cannot be read, for duplicate ids and for rows without a
    reference; UnknownName for a column that does not exist.
    """
    check_count("last", last)
    form = option_as(OptionFormat, option_format or {}, "option_format")
    shape = ColumnMapping(
        *(id, columns or {}, target, options, group, tags or {}, optional or []),
        option_format=form,
        target_names=target_names or {},
    )
    places = annotation_rows(root, files, "listing", entry=rows, table=table)
    for place in places:
        if names is not None:
            add_names(place, option_as(NameFile, names, "names"))
        for column, file in (keyed or {}).items():
            add_keyed(place, column, option_as(KeyedFile, file, f"keyed.{column}"))
        refuse_missing(place, [*(where or ()), *shape.names()])
        place.select(where, last)
        place.refuse_no_rows()
    option = None if references is None else option_as(References, references, "references")
    targets = [None if option is None else reference_texts(p, shape.id, option) for p in places]
    tables = [
        sample_table(p, shape, row_targets) for p, row_targets in zip(places, targets, strict=True)
    ]
    return samples_from_tables(tables, shape, places[0])


def labelled(
    root: Path | None,
    *,
    files: Files,
    columns: dict[str, Columns],
    target: str,
    id: str,
    rows: str = "",
    table: dict[str, object] | None = None,
    where: dict[str, object] | None = None,
    separator: str = "",
    drop: str = "",
    spaces: bool = False,
    labels: ClassOption | None = None,
    prompts: str = "",
    group: str = "",
    tags: dict[str, str] | None = None,
) -> Samples:
    """Load one sample per row of an annotation file; the target is the index of its label.

    `files`, `rows`, `table`, `where`, `id`, `columns`, `group` and `tags` are as in `listing`;
    `columns` has one media input. `target` is the label column. With a `separator`, or if the cells
    of the label column are lists, a row may have several labels and its target is the list of their
    indices. The characters in `drop` are removed from labels; with `spaces`, underscores in class
    names become spaces. `labels` gives the class names in order, or a file of class names
    (`class_names`); by default they are the labels that occur, sorted. `prompts` selects the prompt
    templates (`with_templates`).

    Raises DataError for data that cannot be read and for duplicate ids, UnknownName for a column
    that does not exist and for a label that is not a class.
    """
    for name in columns:
        modality_of(name)
    one_medium(columns)
    shape = ColumnMapping(id, columns, target, group=group, tags=tags or {})
    (place, *_) = annotation_rows(root, files, "labelled", entry=rows, table=table)
    refuse_missing(place, [*(where or ()), *shape.names()])
    place.select(where)
    place.refuse_no_rows()
    cells = read_labels(place, target, separator, drop)
    class_list = class_names(labels, root or place.folder) if labels else occurring_classes(cells)
    samples = sample_table(place, shape, ClassNames(class_list).targets(place, cells))
    data = samples_from_tables([samples], shape, place, class_list)
    return with_templates(data, prompts, Path(place.place), spaces=spaces)


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
    columns: dict[str, Columns] | None = None,
    target: Columns = "",
    labels: list[str] | None = None,
    options: Columns = "",
    option_format: dict[str, object] | None = None,
    target_names: dict[str, str] | None = None,
    group: str = "",
    tags: dict[str, str] | None = None,
    optional: list[str] | None = None,
    prompts: str = "",
    spaces: bool = False,
    join: dict[str, object] | None = None,
) -> Samples:
    """Load one sample per row of the data set OWNER/NAME, or of the folder or file `root`.

    `path`, `name`, `split`, `revision` and `where` are as in the source `hf`; if `name` lists
    several configurations, their rows are concatenated. `id`, `columns`, `target`, `options`,
    `option_format`, `target_names`, `group`, `tags` and `optional` are as in `listing`. A column
    with a type for images, audio or video is an input of this modality. A column of paths, bytes or
    structs with both is a media input if the input is called image, audio or video (or image_1, …).
    Media stay encoded until they are needed; paths are relative to the file or folder, and are
    searched by `find_media`.

    `join` adds inputs from another configuration of the same data set: `name` is the configuration
    and `columns` gives its inputs. Rows are joined if the column `by` here equals the column `id`
    there. `prompts` and `spaces` are as in `labelled`.

    A target of the datasets library's class type, or a string that is in `labels`, becomes its
    index in the labels. Raises DataError for data that cannot be loaded, for duplicate ids and for
    unknown labels; UnknownName for a column that does not exist.
    """
    form = option_as(OptionFormat, option_format or {}, "option_format")
    shape = ColumnMapping(
        *(id, columns or {}, target, options, group, tags or {}, optional or []),
        option_format=form,
        target_names=target_names or {},
    )
    classes = [str(label) for label in labels or []]  # YAML reads 0 as a number
    other = open_join(join, root, path, split, revision) if join else None
    places: list[LibraryRows] = []
    tables = []
    for one in name if isinstance(name, list) else [name]:
        place = library_rows(root, path, one, split, revision, where)
        place.part = str(one) if isinstance(name, list) and not id else ""
        classes = classes or (place.classes(target) if isinstance(target, str) else [])
        cells = place.column(column_list(target)[0]) if classes and target else None
        targets = None if cells is None else ClassNames(classes).targets(place, cells)
        tables.append(sample_table(place, shape, targets, other.media(place) if other else {}))
        places.append(place)
    data = samples_from_tables(tables, shape, places[-1], classes)
    return with_templates(data, prompts, Path(data.source["path"]), spaces=spaces)
