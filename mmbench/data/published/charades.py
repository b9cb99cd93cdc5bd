"""The data source `charades`: Charades videos with the actions, out of 157, that occur in them.

Source of the format: Sigurdsson et al. 2016, prior.allenai.org/projects/charades, README of the
archive Charades.zip: a CSV with `id`, `scene` and `actions` ("c092 11.90 21.20;c147 0.00 12.60"),
and a file of classes with lines "c000 Holding some clothes".
"""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.classes import ClassNames
from mmbench.data.mapping.samples import ColumnMapping, sample_table, samples_from_tables
from mmbench.data.readers.annotation_files import annotation_rows
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.table_files import text_lines
from mmbench.datasets import Samples
from mmbench.protocols import declare_source

_VIDEOS = ["Charades_v1/{id}.mp4", "Charades_v1_480/{id}.mp4", "{id}.mp4"]
_PLACES = ("", "Charades/")


@declare_source("folder")
def charades(root: Path | None, *, split: str = "test") -> Samples:
    """Load one sample per video; the target lists its action indices, and the scene is a tag.

    `root` holds Charades_v1_{split}.csv and Charades_v1_classes.txt, directly or in `Charades`, and
    the videos in Charades_v1 or Charades_v1_480. A video without actions has an empty target.
    Raises DataError for files that are missing or cannot be read, UnknownName for an unknown
    action.
    """
    tables = [f"{place}Charades_v1_{split}.csv" for place in _PLACES]
    (rows,) = annotation_rows(root, tables, "charades")
    listed = rows.folder / "Charades_v1_classes.txt"
    lines = [line.partition(" ") for line in text_lines(read_file(listed), listed) if line]
    codes = [code for code, *_ in lines]
    refuse_duplicates("class", codes, str(listed))
    shape = ColumnMapping("id", {"video": _VIDEOS}, tags={"scene": "scene"})
    actions = [_actions(cell or "") for cell in rows.column("actions")]
    samples = sample_table(rows, shape, ClassNames(codes).targets(rows, actions))
    return samples_from_tables([samples], shape, rows, [name.strip() for *_, name in lines])


def _actions(cell: str) -> list[str]:
    return [part.split()[0] for part in cell.split(";") if part.strip()]
