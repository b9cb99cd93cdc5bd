"""Miniatures of data sets of compositional choice. The last image is never written."""

from __future__ import annotations

from pathlib import Path

from tests.support.files import write_file, write_lines
from tests.support.layouts.parts import images

SUGARCREPE = (
    "add_att",
    "add_obj",
    "replace_att",
    "replace_obj",
    "replace_rel",
    "swap_att",
    "swap_obj",
)


def winoground(folder: Path) -> None:
    """Write Winoground."""
    rows = [
        {
            "id": number,
            "image_0": f"ex_{number}_img_0",
            "image_1": f"ex_{number}_img_1",
            "caption_0": f"an old person kisses a young person {number}",
            "caption_1": f"a young person kisses an old person {number}",
            "tag": "Adjective-Age",
            "secondary_tag": "",
            "num_main_preds": 1,
            "collapsed_tag": ("Object", "Relation")[number],
        }
        for number in range(2)
    ]
    write_lines(folder / "data/examples.jsonl", *rows)
    names = [f"ex_{number}_img_{image}.png" for number in range(2) for image in range(2)]
    images(folder / "data/images", *names[:3])


def sugarcrepe(folder: Path) -> None:
    """Write SugarCrepe."""
    for number, category in enumerate(SUGARCREPE):
        rows = {
            str(row): {
                "filename": f"{number + row:012}.jpg",
                "caption": f"A {row} lamp by a bed of {category}.",
                "negative_caption": f"A {row} bed by a lamp of {category}.",
            }
            for row in range(2)
        }
        write_file(folder / f"{category}.json", rows)
    images(folder / "val2017", *(f"{number:012}.jpg" for number in range(7)))


def aro_relation(folder: Path) -> None:
    """Write Visual Genome Relation of ARO, with a symmetric relation."""
    relations = ("eating", "next to", "in")
    write_file(
        folder / "visual_genome_relation.json", [aro_row(n, r) for n, r in enumerate(relations)]
    )
    images(folder / "images", "0.jpg", "1.jpg")


def aro_attribution(folder: Path) -> None:
    """Write Visual Genome Attribution of ARO: 25 rows of one pair, and one of another."""
    pairs = [["white", "open"]] * 25 + [["red", "wet"]]
    rows = [
        {**aro_row(number % 3, "the"), "attributes": pair, "obj1_name": "door", "obj2_name": "cat"}
        for number, pair in enumerate(pairs)
    ]
    write_file(folder / "visual_genome_attribution.json", rows)
    images(folder / "images", "0.jpg", "1.jpg")


def aro_row(number: int, relation: str) -> dict[str, object]:
    """Return a row of Visual Genome Relation."""
    return {
        "image_id": str(number),
        "image_path": f"{number}.jpg",
        "relation_name": relation,
        "bbox_x": 3,
        "bbox_y": 2,
        "bbox_w": 12,
        "bbox_h": 9,
        "true_caption": f"the horse is {relation} the grass",
        "false_caption": f"the grass is {relation} the horse",
    }
