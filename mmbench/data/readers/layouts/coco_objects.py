"""The annotated objects of COCO's images, from `instances_*.json`.

Source of the format: cocodataset/cocoapi PythonAPI/pycocotools/coco.py: `images` with `id`,
`annotations` with `image_id` and `category_id`, `categories` with `id` and `name`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import matches
from mmbench.data.readers.json_files import decode_json
from mmbench.errors import DataError

_PATTERN = "instances_*.json"


class _Image(Struct):
    id: int | str


class _Instance(Struct):
    image_id: int | str
    category_id: int


class _Category(Struct):
    id: int
    name: str


class _Instances(Struct):
    images: list[_Image]
    annotations: list[_Instance]
    categories: list[_Category]


def annotated_objects(folders: Iterable[Path], images: Sequence[str]) -> list[str] | None:
    """Return the object categories of each image, as "cat, dining table", sorted by name.

    `folders` are searched for `instances_*.json`; all files found are read. An image without an
    object has "". Return None if there is no file, or if an image is in none of the files. Crowds
    (`iscrowd`) count. Raises DataError for a malformed file.
    """
    wanted = set(images)
    names: dict[str, set[str]] = {}
    files = dict.fromkeys(file for folder in folders for file in matches(folder, _PATTERN))
    for file in files:
        _read(file, wanted, names)
    if not files or wanted - names.keys():
        return None
    return [", ".join(sorted(names[image])) for image in images]


def _read(file: Path, wanted: set[str], names: dict[str, set[str]]) -> None:
    """Add the objects of the images in a file to `names`, by image."""
    content = decode_json(read_file(file), _Instances, file)
    categories = {category.id: category.name for category in content.categories}
    for image in content.images:
        if str(image.id) in wanted:
            names.setdefault(str(image.id), set())
    for instance in content.annotations:
        objects = names.get(str(instance.image_id))
        if objects is None:
            continue
        if instance.category_id not in categories:
            raise DataError(
                f"{file}: an object of image {instance.image_id} has the category"
                f" {instance.category_id}, which `categories` does not list"
            )
        objects.add(categories[instance.category_id])
