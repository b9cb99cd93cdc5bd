"""The data source `charades`: which of 157 actions happen in a video of Charades.

Source of the format: Sigurdsson et al. 2016, prior.allenai.org/projects/charades, README of the
archive Charades.zip: a CSV with `id`, `scene` and `actions` ("c092 11.90 21.20;c147 0.00 12.60"),
and a file of classes with lines "c000 Holding some clothes".
"""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.classes import positions
from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.mapping.published_rows import media_beside, rows_of
from mmbench.data.readers.json_files import read_file
from mmbench.data.readers.records import Record, optional, text_id
from mmbench.data.readers.table_files import text_lines
from mmbench.datasets import Samples
from mmbench.protocols import declare_source
from mmbench.types import Sample

_PATHS = ("Charades_v1/{id}.mp4", "Charades_v1_480/{id}.mp4", "{id}.mp4")
_PLACES = ("", "Charades/")


@declare_source("folder")
def charades(root: Path | None, *, split: str = "test") -> Samples:
    """A sample for each video: the positions of its actions as target; its scene is a tag.

    `root` holds Charades_v1_{split}.csv and Charades_v1_classes.txt, in it or in `Charades`, and
    the videos in Charades_v1 or Charades_v1_480. A video without an action has an empty target.
    Raises DataError for what is missing or cannot be read, UnknownName for an action that is none.
    """
    tables = [f"{place}Charades_v1_{split}.csv" for place in _PLACES]
    file, records = rows_of(root, tables, "charades")
    listed = file.with_name("Charades_v1_classes.txt")
    lines = [line for line in text_lines(read_file(listed), listed) if line]
    codes = [line.partition(" ")[0] for line in lines]
    refuse_duplicates("class", codes, str(listed))
    order = {code: place for place, code in enumerate(codes)}
    contents = media_beside(records, _PATHS, "video", file)
    samples = [
        Sample(
            text_id(row), {"video": video}, positions(_actions(row), order, row), tags=_scene(row)
        )
        for row, video in zip(records, contents, strict=True)
    ]
    refuse_duplicates("id", [sample.id for sample in samples], str(file))
    return Samples(samples, [line.partition(" ")[2].strip() for line in lines])


def _actions(row: Record) -> list[str]:
    return [part.split()[0] for part in optional(row, "actions").split(";") if part.strip()]


def _scene(row: Record) -> dict[str, str]:
    scene = optional(row, "scene")
    return {"scene": scene} if scene else {}
