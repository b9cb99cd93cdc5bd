"""The data source `ratings`: what people thought of each sample of each system."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.table_media import media_of
from mmbench.data.readers.records import Record, number_of, optional, text_id
from mmbench.data.readers.table_files import find_file, read_records
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.types import Content, Sample


@declare_source(own_data=True)
def ratings(root: Path | None) -> Samples:
    """A sample for each id: its ratings [rater, number], sorted by rater, as target.

    `root` is a CSV, TSV, JSONL or JSON file with a row for each rating, or a folder that holds a
    single one: `id`, `rater`, `rating` and, if it is there, `system`, which is tag and group (else
    the id is the group). A path in `audio`, `image`, `video` or `file` is the medium that was
    rated.

    A rater may rate an id more than once: each rating counts. Raises DataError, with the line, for
    a rating that is no number and for two systems of one id.
    """
    path = find_file(root, "ratings")
    rows: dict[str, list[Record]] = {}
    for record in read_records(path):
        rows.setdefault(text_id(record), []).append(record)
    media = media_of([records[0] for records in rows.values()], path.parent, str(path))
    each = zip(rows.items(), media, strict=True)
    return Samples([_sample(ident, records, inputs) for (ident, records), inputs in each])


def _sample(ident: str, records: list[Record], inputs: dict[str, Content]) -> Sample:
    system = optional(records[0], "system")
    for record in records:
        if optional(record, "system") != system:
            raise DataError(f"{record.where}: {ident!r} is of another system than in a row before")
    given = sorted((text_id(r, ("rater",)), number_of(r, "rating")) for r in records)
    return Sample(
        ident,
        inputs,
        [[rater, rating] for rater, rating in given],
        group=system or ident,
        tags={"system": system} if system else {},
    )
