"""The data source `hf`: a data set of the datasets library, from disk, the cache or the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mmbench.data.mapping.rows import Row, choose_columns, pair_rows
from mmbench.data.readers.arrow_columns import arrow_rows
from mmbench.data.readers.arrow_files import parts_of
from mmbench.data.readers.hub_datasets import open_dataset
from mmbench.datasets import RetrievalData
from mmbench.protocols import declare_source

if TYPE_CHECKING:
    from datasets import Dataset

_BATCH = 1000  # rows looked at together


@declare_source(hub=True)
def hf(
    root: Path | None,
    *,
    path: str = "",
    name: str | None = None,
    split: str = "test",
    revision: str | None = None,
    columns: dict[str, str] | None = None,
) -> RetrievalData:
    """Texts as queries ("text"), images as corpus ("image"), from a data set of `datasets`.

    `path` is an OWNER/NAME on the hub with its configuration `name` and its `revision` (a commit,
    branch or tag; None for the newest), or a folder or file on disk; `root` stands in its place
    where it is given, so that a task may leave it out. A folder is one that `save_to_disk` wrote or
    that `load_dataset` reads. What is in the cache is not downloaded again, and serves without a
    network. `columns` and rows are as in the source `table`; images stay encoded
    (`Image(decode=False)`) and on disk until they are needed. `source` of what is returned has the
    path and, for the hub, the commit as `revision`.

    Raises DataError for a data set that is neither on disk nor in the cache nor to be had from the
    hub (within five seconds without a network), UnknownName for a column or a split that is not
    there.
    """
    dataset, source = open_dataset(root, path, name, split, revision)
    place = Path(source["path"])
    beside = Path() if "revision" in source else place if place.is_dir() else place.parent
    label = f"{source['path']} ({split})"
    chosen = choose_columns(columns, dataset.column_names, label)
    data = pair_rows(_rows(dataset, chosen, label), label, beside)
    return replace(data, source=source)


def _rows(dataset: Dataset, columns: dict[str, str], label: str) -> Iterator[Row]:
    from datasets import Image

    image = columns["image"]
    if isinstance(dataset.features[image], Image):
        dataset = dataset.cast_column(image, Image(decode=False))
    part = parts_of(dataset, image)
    tables = dataset.select_columns(list(dict.fromkeys(columns.values()))).with_format("arrow")
    for start in range(0, len(tables), _BATCH):
        yield from arrow_rows(tables[start : start + _BATCH], columns, start, label, part)
