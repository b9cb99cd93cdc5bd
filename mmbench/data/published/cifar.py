"""The data source `cifar`: CIFAR-10 and CIFAR-100 in their binary version.

Source of the format: cs.toronto.edu/~kriz/cifar.html, "Binary version": a record has one label
(CIFAR-100: a coarse label and a fine label) and 3,072 bytes, the red, green and blue planes of an
image of 32 x 32 pixels. The Python version is a pickle, which can execute code when it is loaded,
and is not read.
"""

from __future__ import annotations

from array import array
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mmbench.columns import Mapped, Table, concatenate
from mmbench.data.mapping.prompts import with_templates
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import first_folder
from mmbench.data.readers.table_files import text_lines
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError, SpecError
from mmbench.media.inside import ByteRanges, MediaInFile
from mmbench.protocols import declare_source
from mmbench.text import count
from mmbench.types import Media, Sample

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
_VERSION = (
    "give the binary version of the data set (the Python version is a pickle and is not read)"
)


class _CifarLayout(NamedTuple):
    """The layout of CIFAR-10 or CIFAR-100.

    `folder` is the folder of the data set, `names` its file of class names, `files` its data files
    by split, and `labels` the number of label bytes in a record.
    """

    folder: str
    names: str
    files: dict[str, list[str]]
    labels: int


_LAYOUTS = {
    10: _CifarLayout(
        "cifar-10-batches-bin",
        "batches.meta.txt",
        {"test": ["test_batch.bin"], "train": [f"data_batch_{i}.bin" for i in range(1, 6)]},
        1,
    ),
    100: _CifarLayout(
        "cifar-100-binary",
        "fine_label_names.txt",
        {"test": ["test.bin"], "train": ["train.bin"]},
        2,
    ),
}


@declare_source("folder")
def cifar(
    root: Path | None, *, classes: int = 10, split: str = "test", prompts: str = ""
) -> Samples:
    """Load one sample per image of 32 x 32 pixels, in file order; ids are numbers from 0.

    `root` is the folder of the binary version (cifar-10-batches-bin, cifar-100-binary) or contains
    it. If `classes` is 100, the target is the fine label. Class names come from the data set;
    `prompts` selects the prompt templates (`with_templates`). Raises DataError for files that are
    missing or truncated, SpecError for an unknown split or number of classes.
    """
    if classes not in _LAYOUTS or split not in _LAYOUTS[classes].files:
        raise SpecError(
            f"data source cifar: no split {split} of {classes} classes; give test or train, and 10"
            " or 100 classes"
        )
    layout = _LAYOUTS[classes]
    folder = first_folder(root, ("", layout.folder), layout.names, "cifar", _VERSION)
    names = folder / layout.names
    labels = [line for line in text_lines(read_file(names), names) if line]
    if len(labels) != classes:
        raise DataError(f"{names} has {count(len(labels), 'class name')} instead of {classes}")
    tables: list[Table[Sample]] = []
    for name in layout.files[split]:
        first = sum(map(len, tables))
        tables.append(_images(folder / name, layout.labels, classes, first))
    return with_templates(Samples(concatenate(tables), labels), prompts, folder)


def _images(file: Path, labels: int, classes: int, first: int) -> Table[Sample]:
    import numpy as np

    data = read_file(file)
    size = labels + _PIXELS
    if not data or len(data) % size:
        have = count(len(data), "byte")
        raise DataError(
            f"{file} has {have}, which is not a multiple of {size}, the size of an image; download"
            " it again if it is truncated"
        )
    targets = array("q", list(data[labels - 1 :: size]))
    strange = next((n for n, label in enumerate(targets) if label >= classes), None)
    if strange is not None:
        label = targets[strange]
        raise DataError(
            f"{file}: image {strange} has label {label}, but there are {classes} classes"
        )
    n = len(targets)
    offsets = np.arange(labels, len(data), size)
    images = ByteRanges(file, offsets, np.full_like(offsets, _PIXELS), pixels=(_SIDE, _SIDE))
    ids = [str(first + number) for number in range(n)]
    media = Mapped(partial(_medium, file, images), range(n))
    return sample_columns(ids, {"image": media}, targets=targets)


def _medium(file: Path, images: ByteRanges, number: int) -> Media:
    return Media("image", f"image {number} of {file}", MediaInFile(images, number))
