"""The same images and captions in every layout of own data: the same recall to the last digit."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import mmbench
from mmbench.media import read_bytes
from mmbench.reference.worlds.shapes.sources import shapes_captions
from tests.support.files import write_file, write_lines
from tests.support.paths import real_data
from tests.support.tars import Members, write_tar


class Image(NamedTuple):
    """An image file with its captions."""

    file: Path
    captions: list[str]


Images = Sequence[Image]


def coco_json(images: Images, folder: Path) -> Path:
    names = [image.file.name for image in images]
    content = {
        "images": [{"id": at, "file_name": name} for at, name in enumerate(names)],
        "annotations": [
            {"id": number, "image_id": at, "caption": text}
            for number, (at, text) in enumerate(
                (at, text) for at, image in enumerate(images) for text in image.captions
            )
        ],
    }
    for image in images:
        (folder / image.file.name).symlink_to(image.file)
    return write_file(folder / "captions_test.json", json.dumps(content))


def csv_file(images: Images, folder: Path) -> Path:
    with (folder / "products.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["filepath", "title"])
        writer.writerows((image.file, text) for image in images for text in image.captions)
    return folder / "products.csv"


def jsonl_file(images: Images, folder: Path) -> Path:
    rows = ({"file_name": str(image.file), "captions": image.captions} for image in images)
    return write_lines(folder / "products.jsonl", *rows)


def parquet(images: Images, folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"image": one.file.read_bytes(), "texts": one.captions} for one in images]
    pq.write_table(pa.Table.from_pylist(rows), folder / "x.parquet", row_group_size=7)
    return folder / "x.parquet"


def saved(images: Images, folder: Path) -> Path:
    import datasets

    columns = {
        "picture": [str(one.file) for one in images],
        "captions": [one.captions for one in images],
    }
    data = datasets.Dataset.from_dict(columns).cast_column("picture", datasets.Image())
    data.save_to_disk(str(folder / "saved"))
    return folder / "saved"


def tars(images: Images, folder: Path) -> str:
    half = len(images) // 2
    for shard, part in enumerate((images[:half], images[half:])):
        write_tar(folder / f"{shard:03}.tar", list(_members(part)))
    return str(folder / "{000..001}.tar")


def clip_benchmark(images: Images, folder: Path) -> Path:
    write_tar(folder / "test/0.tar", list(_members(images)))
    write_file(folder / "test/nshards.txt", "1")
    write_file(folder / "dataset_type.txt", "retrieval")
    return folder


def _members(images: Images) -> Members:
    for number, one in enumerate(images):
        yield f"s{number:07}{one.file.suffix}", one.file.read_bytes()
        yield f"s{number:07}.txt", "\n".join(one.captions).encode()


def frame(images: Images, _: Path) -> Any:
    import pandas as pd

    return pd.DataFrame(
        [{"path": str(one.file), "caption": text} for one in images for text in one.captions]
    )


LAYOUTS: list[Callable[[Images, Path], Any]] = [
    *(coco_json, csv_file, jsonl_file, parquet, saved, tars, clip_benchmark, frame),
]


def recalls(data: Any, out: Path) -> dict[str, float]:
    """Return the recalls of clip-nano; every text and image has to be scored.

    The order of texts with equal embeddings depends on their ids, which the layouts do not share;
    so a mean rank may differ.
    """
    result = mmbench.evaluate("clip-nano", "retrieval", data=data, device="cpu", out=str(out))
    assert result.record.counts["failed"] == 0
    scores = result.record.scores
    return {name: one.value for name, one in scores.items() if name.startswith("recall@")}


def assert_same_everywhere(images: Images, folder: Path) -> None:
    results = {}
    for layout in LAYOUTS:
        place = folder / layout.__name__
        place.mkdir()
        results[layout.__name__] = recalls(layout(images, place), folder / "out")
    first = results["csv_file"]
    assert len(first) == 6
    assert first["recall@10[text-to-image]"] > 0
    assert results == dict.fromkeys(results, first)


def test_drawn_images(tmp_path: Path) -> None:
    samples = shapes_captions(None, images=12, size=64, seed=0).samples
    images, known = [], set[str]()
    for sample in samples:
        texts = [text for text in sample.target if text not in known]
        known.update(texts)
        (tmp_path / f"{sample.id}.png").write_bytes(read_bytes(sample.inputs["image"]))
        images.append(Image(tmp_path / f"{sample.id}.png", texts))
    assert_same_everywhere([image for image in images if image.captions], tmp_path)


@pytest.mark.slow
def test_real_images(tmp_path: Path) -> None:
    assert_same_everywhere(list(coco_images(real_data("coco-mini"))), tmp_path)


def coco_images(folder: Path) -> Iterator[Image]:
    """Return the images with their captions in one line each, as texts of archives have them."""
    content = json.loads((folder / "captions_subset159.json").read_text())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    lines = sorted(content["annotations"], key=lambda line: int(line["image_id"]))
    for image, group in groupby(lines, key=lambda line: line["image_id"]):
        captions = [" ".join(one["caption"].split()) for one in group]
        yield Image(folder / "val2017" / names[image], captions)
