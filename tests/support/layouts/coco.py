"""Captions of COCO: annotations in both formats, and small folders with their images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.files import write_file
from tests.support.media.images import save_image
from tests.support.toy_models import COLOURS

Json = dict[str, Any]


def captions_json() -> Json:
    """Return two images, five captions: three of the second, one after the other's."""
    return {
        "info": {"year": 2017},
        "images": [
            {"id": 7, "file_name": "7.jpg", "license": 1},
            {"id": 12, "file_name": "12.jpg", "license": 1},
        ],
        "annotations": [
            {"id": 1, "image_id": 12, "caption": "a dog"},
            {"id": 2, "image_id": 7, "caption": "a cat"},
            {"id": 3, "image_id": 12, "caption": " two dogs. "},
            {"id": 4, "image_id": 12, "caption": "a wet dog"},
            {"id": 5, "image_id": 7, "caption": "a dry cat"},
        ],
    }


def sentence(id: int, raw: str) -> Json:
    """Return a sentence as Karpathy's files have it."""
    return {"tokens": raw.split(), "raw": raw, "imgid": 0, "sentid": id}


def karpathy_json(coco_ids: bool = True) -> Json:
    """Return one training and two test images, with two and three sentences."""
    images = [
        ("val2014", "v1.jpg", "test", 391895, [sentence(10, "a man"), sentence(11, "a moped")]),
        ("train2014", "t1.jpg", "train", 57870, [sentence(12, "a restaurant")]),
        ("val2014", "v2.jpg", "test", 522418, [sentence(13 + i, f"cake {i}") for i in range(3)]),
    ]
    return {
        "dataset": "coco",
        "images": [
            {"filename": name, "imgid": i, "split": split, "sentences": sentences}
            | ({"filepath": folder, "cocoid": id} if coco_ids else {})
            for i, (folder, name, split, id, sentences) in enumerate(images)
        ],
    }


def touch(folder: Path, *names: str) -> None:
    """Write files of these names that stand for images."""
    for name in names:
        write_file(folder / name, b"image")


def make_coco(folder: Path, n: int = 6) -> Path:
    """Write a COCO captions folder: n images of one colour and one size each, two captions each."""
    images, annotations = [], []
    for i in range(n):
        name, colour = list(COLOURS.items())[i % 3]
        path = folder / "images" / f"{i:012}.png"
        red, green, blue = colour
        save_image(path, (red - i, green - i, blue - i), (32 + i, 32))
        images.append({"id": i, "file_name": path.name})
        for j, text in enumerate((f"a {name} picture {i}", f"all {name}, number {i}")):
            annotations.append({"id": 10 * i + j, "image_id": i, "caption": text})
    write_coco(folder, images, annotations)
    return folder


def write_coco(folder: Path, images: list[Json], annotations: list[Json]) -> None:
    """Write the annotations of a folder."""
    write_file(folder / "captions.json", {"images": images, "annotations": annotations})


def read_coco(folder: Path) -> tuple[list[Json], list[Json]]:
    """Return the images and the annotations of a folder."""
    raw = json.loads((folder / "captions.json").read_text())
    return raw["images"], raw["annotations"]
