"""The data source `audioset`: AudioSet's lists of segments of YouTube videos.

Source of the formats: Gemmeke et al. 2017, research.google.com/audioset/download.html: a CSV of
segments with three lines of comment, fields apart by a comma and a space, and
class_labels_indices.csv. Folders of sounds: qiuqiangkong/audioset_tagging_cnn utils/dataset.py, and
the README of agkphysics/AudioSet on the Hugging Face hub.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmbench.data.mapping.classes import positions
from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.mapping.published_rows import media_beside
from mmbench.data.readers.csv_reader import csv_reader
from mmbench.data.readers.json_files import read_file
from mmbench.data.readers.records import Record, text_of
from mmbench.data.readers.table_files import read_records, text_lines
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import count
from mmbench.types import Sample

_CLASSES = "class_labels_indices.csv"
_FIELDS = ("YTID", "start_seconds", "end_seconds", "positive_labels")
_FOLDERS = ("audios/{split}_segments/Y{id}", "audio/{split}/{id}", "{split}/{id}", "Y{id}", "{id}")
_ENDINGS = (".wav", ".flac", ".ogg", ".m4a", ".mp3")


@declare_source("folder")
def audioset(
    root: Path | None, *, split: str = "eval", paths: str | list[str] | None = None
) -> Samples:
    """A sample for each segment: the positions of its labels, of all classes, as target.

    `root` holds `{split}_segments.csv` and class_labels_indices.csv, in it or in `metadata`, and
    the sounds, cut to their segments, under one of the usual paths; `paths` are others, with
    {YTID}, {start_seconds} and {end_seconds} in them. Sounds that are not there fail.

    Raises DataError for files that are missing or cannot be read, UnknownName for a label that is
    no class.
    """
    file, listed = _file(root, f"{split}_segments.csv"), _file(root, _CLASSES)
    classes = sorted(read_records(listed), key=lambda row: int(text_of(row, "index")))
    order = {text_of(row, "mid"): position for position, row in enumerate(classes)}
    names = [text_of(row, "display_name") for row in classes]
    refuse_duplicates("class", names, str(listed))
    records = list(_segments(file))
    given = [paths] if isinstance(paths, str) else paths
    contents = media_beside(records, given or _usual(split), "audio", file)
    samples = [
        Sample(
            text_of(row, "YTID"),
            {"audio": content},
            positions(text_of(row, "positive_labels").split(","), order, row),
        )
        for row, content in zip(records, contents, strict=True)
    ]
    refuse_duplicates("id", [sample.id for sample in samples], str(file))
    return Samples(samples, names)


def _file(root: Path | None, name: str) -> Path:
    if root is None:
        raise DataError(f"data source audioset was given no data: give --data FOLDER with {name}")
    for place in (root, root / "metadata"):
        if (place / name).is_file():
            return place / name
    raise DataError(f"{root}: has no {name}, nor its metadata has: put it there")


def _segments(file: Path) -> Iterator[Record]:
    lines = text_lines(read_file(file), file)
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = next(csv_reader([line], skipinitialspace=True))
        if len(cells) != len(_FIELDS):
            got, names = count(len(cells), "field"), ", ".join(_FIELDS)
            raise DataError(f"{file} line {number}: {got} where {names} are needed")
        yield Record(f"{file} line {number}", dict(zip(_FIELDS, cells, strict=True)))


def _usual(split: str) -> list[str]:
    folders = [path.format(split=split, id="{YTID}") for path in _FOLDERS]
    return [f"{folder}{ending}" for folder in folders for ending in _ENDINGS]
