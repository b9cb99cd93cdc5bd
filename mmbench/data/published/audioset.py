"""The data source `audioset`: AudioSet's lists of segments of YouTube videos.

Source of the formats: Gemmeke et al. 2017, research.google.com/audioset/download.html: a CSV of
segments with three comment lines and fields separated by a comma and a space, and
class_labels_indices.csv. Folders of audio files: qiuqiangkong/audioset_tagging_cnn
utils/dataset.py, and the README of agkphysics/AudioSet on the Hugging Face hub.
"""

from __future__ import annotations

import re
from pathlib import Path

from mmbench.columns import take_rows
from mmbench.data.mapping.classes import ClassNames
from mmbench.data.mapping.media_columns import Columns
from mmbench.data.mapping.samples import ColumnMapping, sample_table, samples_from_tables
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import first_folder
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import csv_records, read_records
from mmbench.datasets import Samples
from mmbench.protocols import declare_source

_CLASSES = "class_labels_indices.csv"
_FIELDS = ("YTID", "start_seconds", "end_seconds", "positive_labels")
_FOLDERS = ("audios/{split}_segments/Y{id}", "audio/{split}/{id}", "{split}/{id}", "Y{id}", "{id}")
_ENDINGS = (".wav", ".flac", ".ogg", ".m4a", ".mp3")
_COMMENT = re.compile(rb"^#.*$", re.MULTILINE)


@declare_source("folder")
def audioset(
    root: Path | None, *, split: str = "eval", columns: dict[str, Columns] | None = None
) -> Samples:
    """Load one sample per segment; the target lists the indices of its labels among all classes.

    `root` holds `{split}_segments.csv` and class_labels_indices.csv, directly or in a folder
    `metadata`. It also holds one audio file per segment, at one of the usual paths or at the paths
    that `columns` sets: {audio: [PATH, …]}, where a path contains {YTID}, {start_seconds} and
    {end_seconds}. Samples without an audio file fail.

    Raises DataError for files that are missing or cannot be read, UnknownName for an unknown label.
    """
    import numpy as np

    file, listed = (
        first_folder(root, ("", "metadata"), name, "audioset") / name
        for name in (f"{split}_segments.csv", _CLASSES)
    )
    classes = FileRows(listed, read_records(listed))
    order = np.argsort(list(map(int, classes.column("index"))))
    names, codes = (take_rows(classes.column(c), order) for c in ("display_name", "mid"))
    refuse_duplicates("class", names, str(listed))
    lines = _COMMENT.sub(b"", read_file(file))
    rows = FileRows(file, csv_records(lines, file, header=_FIELDS, padded=True))
    inputs = columns or {"audio": _usual(split)}
    shape = ColumnMapping("YTID", inputs)
    labels = [label.split(",") for label in rows.column("positive_labels")]
    targets = ClassNames(codes).targets(rows, labels)
    return samples_from_tables([sample_table(rows, shape, targets)], shape, rows, names)


def _usual(split: str) -> Columns:
    folders = [path.format(split=split, id="{YTID}") for path in _FOLDERS]
    return [f"{folder}{ending}" for folder in folders for ending in _ENDINGS]
