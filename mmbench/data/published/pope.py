"""The data source `pope`: yes/no questions about objects in images.

Source: Li et al. 2023, arXiv 2305.10355; AoiDragon/POPE output/coco, one JSON object per line.
"""

from __future__ import annotations

from pathlib import Path

from mmbench.columns import Repeated, Table, concatenate
from mmbench.data.mapping.find_media import find_media
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import matches, only_file
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import json_records
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError, UnknownName
from mmbench.protocols import declare_source
from mmbench.types import Sample

CATEGORIES = ("random", "popular", "adversarial")
# Folders that hold the files in LLaVA's evaluation folder and in a clone of AoiDragon/POPE.
_PLACES = ("", "coco", "output/coco")


@declare_source("json")
def pope(root: Path | None, *, category: str | None = None) -> Samples:
    """Load one sample per question; the target is yes or no, the group is the image.

    `root` is a file (JSON lines or a JSON list with question_id, image, text, label), or a folder
    with one file for each category (coco_pope_random.json, …), directly or in `coco` or
    `output/coco`. Images are searched from `root` by `find_media`; they need not exist. The file
    name gives the tag `category`. The ids are the question ids; if all three categories are read,
    the category is part of the id (random/1, popular/1, …), because the question ids of each
    official file start at 1.

    Raises DataError for files that are missing or cannot be read, UnknownName for another category.
    """
    if category is not None and category not in CATEGORIES:
        raise UnknownName("category of POPE", category, CATEGORIES)
    if root is None:
        raise DataError("data source pope was given no data; give --data FILE.json or its folder")
    if root.is_file():
        return _data([_samples(root, root.parent, "")])
    if category is not None:
        return _data([_samples(_category_file(root, category), root, "")])
    files = [(name, _category_file(root, name)) for name in CATEGORIES]
    return _data([_samples(file, root, f"{name}/") for name, file in files])


def _data(tables: list[Table[Sample]]) -> Samples:
    return Samples(concatenate(tables), group_name="image", optional_tags=["category"])


def _category_file(root: Path, category: str) -> Path:
    names = [f"*pope*{category}.{end}" for end in ("json", "jsonl")]
    places = [[file for name in names for file in matches(root / p, name)] for p in _PLACES]
    needed = (
        f"no *pope*{category}.json; give the file itself, or set data option `category` to one"
        f" of {', '.join(CATEGORIES)}"
    )
    return only_file(root, next(filter(None, places), []), needed)


def _samples(file: Path, folder: Path, prefix: str) -> Table[Sample]:
    rows = OwnTable(FileRows(file, json_records(read_file(file), file)))
    if not len(rows):
        raise DataError(f"{file}: no questions")
    ids = [f"{prefix}{ident}" for ident in rows.distinct_ids(("question_id", "id"))]
    names = rows.required("image")
    images = find_media([[name] for name in names], folder, str(file))
    category = file.stem.rpartition("_")[2]
    return sample_columns(
        ids,
        {"image": images, "question": rows.required("text")},
        targets=rows.required("label", _label),
        groups=names,
        tags={"category": Repeated(category, len(rows))} if category in CATEGORIES else {},
    )


def _label(cell: object) -> str:
    if cell not in ("yes", "no"):
        raise ValueError("give yes or no")
    return str(cell)
