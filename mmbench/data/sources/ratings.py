"""The data source `ratings`: human ratings of the outputs of one or more systems."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.own_table_media import media_by_modality
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import parse_number
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import find_file, read_records
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError
from mmbench.protocols import declare_source


@declare_source(own_data=True)
def ratings(root: Path | None) -> Samples:
    """Load one sample per id; the target is the list of its ratings [rater, number], by rater.

    `root` is a CSV, TSV, JSONL or JSON file with one row per rating, or a folder that contains a
    single such file. The columns are `id`, `rater`, `rating` and optionally `system`. The system is
    a tag and the group of a sample; without this column, the id is the group. A path in `audio`,
    `image`, `video` or `file` is the rated output.

    If a rater rates an id more than once, each rating counts. Raises DataError, with the line, for
    a rating that is not a number, and for an id with two systems.
    """
    path = find_file(root, "ratings")
    rows = OwnTable(FileRows(path, read_records(path)))
    ids, raters, systems = rows.ids(), rows.ids(("rater",)), rows.texts("system")
    numbers = rows.required("rating", parse_number)
    first: dict[str, int] = {}
    by_id: dict[str, list[tuple[str, float]]] = {}
    for at, (ident, rating) in enumerate(zip(ids, zip(raters, numbers, strict=True), strict=True)):
        before = first.setdefault(ident, at)
        if systems[at] != systems[before]:
            where = rows.where(at)
            raise DataError(
                f"{where}: {ident!r} belongs to a different system than in an earlier row; give"
                " each system its own ids"
            )
        by_id.setdefault(ident, []).append(rating)
    first_rows = rows.take(list(first.values()))
    samples = sample_columns(
        list(first),
        media_by_modality(first_rows),
        targets=[[list(rating) for rating in sorted(by_id[ident])] for ident in first],
        groups=[systems[at] or ident for ident, at in first.items()],
        tags=first_rows.tags(set(first_rows.names()) - {first_rows.find("system") or ""}),
    )
    return Samples(samples)
