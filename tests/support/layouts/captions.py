"""Miniatures of data sets of captions, and of prompts to draw from."""

from __future__ import annotations

from pathlib import Path

from tests.support.files import write_file
from tests.support.layouts.parts import write_rows
from tests.support.media.images import png
from tests.support.media.sounds import wav


def coco(root: Path) -> None:
    """Write COCO captions: two of three images."""
    images = [{"id": i, "file_name": f"COCO_val2014_{i:012d}.jpg"} for i in (42, 73, 74)]
    notes = [
        {"id": 10 * i + n, "image_id": i, "caption": f"caption {n} of {i}"}
        for i in (42, 73, 74)
        for n in range(5)
    ]
    write_file(root / "annotations/captions_val2014.json", {"images": images, "annotations": notes})
    write_file(root / "val2014" / images[0]["file_name"], png(42, (10, 6)))
    write_file(root / "val2014" / images[1]["file_name"], png(73, (6, 10)))


def nocaps(root: Path) -> None:
    """Write nocaps: one of two images."""
    images = [
        {"id": i, "file_name": f"{i:016x}.jpg", "domain": domain, "open_images_id": f"{i:016x}"}
        for i, domain in ((0, "in-domain"), (1, "out-domain"))
    ]
    notes = [{"id": 9 - i, "image_id": i % 2, "caption": f"a caption {i}"} for i in range(6)]
    content = {"licenses": [], "info": {}, "images": images, "annotations": notes}
    write_file(root / "nocaps_val_4500_captions.json", content)
    write_file(root / "val" / images[0]["file_name"], png(1))


def flickr30k(root: Path) -> None:
    """Write Flickr30k: one image of the split test."""
    images = [
        {
            "filename": f"{i}.jpg",
            "split": split,
            "imgid": i,
            "sentids": [i],
            "sentences": [{"raw": f"sentence {i}", "sentid": i, "imgid": i, "tokens": []}],
        }
        for i, split in enumerate(("train", "test"))
    ]
    write_file(root / "dataset_flickr30k.json", {"images": images, "dataset": "flickr30k"})
    write_file(root / "flickr30k-images/1.jpg", png(1))


def clotho(root: Path) -> None:
    """Write the evaluation split of Clotho."""
    header = ["file_name", *(f"caption_{i}" for i in range(1, 6))]
    rows = [[f"{name} water, loud.wav", *(f"{name}, {i}" for i in range(5))] for name in "ab"]
    write_rows(root / "clotho_captions_evaluation.csv", [header, *rows])
    write_file(root / "evaluation" / rows[0][0], wav())


def msrvtt(root: Path) -> None:
    """Write MSR-VTT."""
    videos = [
        {"video_id": f"video{i}", "split": split, "category": 3, "url": "", "id": i}
        for i, split in ((0, "train"), (7010, "test"), (7011, "test"))
    ]
    sentences = [
        {"sen_id": n, "video_id": video["video_id"], "caption": f"{video['video_id']} {n}"}
        for n in range(2)
        for video in videos
    ]
    write_file(root / "MSRVTT_data.json", {"info": {}, "videos": videos, "sentences": sentences})
    write_file(root / "videos/all/video7010.mp4", b"mp4")


def parti(root: Path) -> None:
    """Write the prompts of PartiPrompts."""
    head = "Prompt\tCategory\tChallenge\tNote"
    rows = ["bond\tAbstract\tBasic\tconcepts", '"Fly", a sign says\tOutdoor Scenes\tComplex\t']
    write_file(root / "PartiPrompts.tsv", "\n".join([head, *rows, ""]))
