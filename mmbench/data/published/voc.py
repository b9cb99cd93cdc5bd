"""The data source `voc`: PASCAL VOC images with the object classes, out of twenty, in each image.

Source of the format: Everingham et al., host.robots.ox.ac.uk/pascal/VOC/voc2007/ and its
development kit: ImageSets/Main/{class}_{split}.txt with lines "000001 -1", where 1 means that the
class is present, -1 that it is absent, and 0 that only difficult objects of the class are present.
"""

from __future__ import annotations

from glob import escape
from pathlib import Path

from mmbench.data.mapping.find_media import find_media
from mmbench.data.mapping.prompts import with_templates
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import first_folder, matches
from mmbench.data.readers.table_files import text_lines
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.surrogates import escape_surrogates
from mmbench.types import Sample

_PLACES = ("", "VOC2007", "VOCdevkit/VOC2007")
_PRESENT = {"1": True, "-1": False}


@declare_source("folder")
def voc(
    root: Path | None, *, split: str = "test", difficult: bool = True, prompts: str = ""
) -> Samples:
    """Load one sample per image; the target lists the indices of the classes in it.

    `root` is the folder VOC2007 or a folder that contains it. With `difficult`, a class with only
    difficult objects counts as present, as in CLIP_benchmark; the VOC challenge excludes these
    images from the average precision of that class. Classes are sorted by name; `prompts` selects
    the prompt templates (`with_templates`). Raises DataError for files that are missing or cannot
    be read.
    """
    home = first_folder(root, _PLACES, "ImageSets/Main", "voc")
    ending = f"_{split}.txt"
    files = matches(home / "ImageSets/Main", f"*{escape(ending)}")
    if not files:
        raise DataError(f"{home}/ImageSets/Main: no class file that ends in {ending}")
    marks = [_marks(file, difficult=difficult) for file in files]
    ids = list(marks[0])
    for file, marked in zip(files, marks, strict=True):
        if list(marked) != ids:
            raise DataError(f"{file} does not list the same images as {files[0].name}")
    paths = [[f"JPEGImages/{ident}.jpg"] for ident in ids]
    images = find_media(paths, home, str(home))
    samples = [
        Sample(ident, {"image": image}, [place for place, has in enumerate(marks) if has[ident]])
        for ident, image in zip(ids, images, strict=True)
    ]
    names = [escape_surrogates(file.name).removesuffix(ending) for file in files]
    return with_templates(Samples(samples, names), prompts, home)


def _marks(file: Path, *, difficult: bool) -> dict[str, bool]:
    """Return {image id: whether the class is present}, from the file of one class.

    `difficult` is True if a class with only difficult objects counts as present.
    """
    marks: dict[str, bool] = {}
    known = _PRESENT | {"0": difficult}
    for number, line in enumerate(text_lines(read_file(file), file), start=1):
        match line.split():
            case [ident, mark] if mark in known and ident not in marks:
                marks[ident] = known[mark]
            case []:
                continue
            case _:
                raise DataError(f"{file} line {number}: give an image id and one of 1, 0, -1")
    return marks
