"""Miniatures of data sets of composed queries. The last image is never written."""

from __future__ import annotations

from pathlib import Path

from tests.support.files import write_file
from tests.support.layouts.parts import images

CIRR = [f"dev-{number}-0-img0" for number in range(8)]
CLOTHES = ["B005X4PL1G", "B0084Y8XIU", "B008I5Y3VK", "B00CZ7QJUG"]


def cirr(folder: Path) -> None:
    """Write CIRR: eight images, three queries in two sets of six."""
    sets = {1: CIRR[:6], 2: CIRR[2:8]}
    rows = [
        {
            "pairid": 12060 + number,
            "reference": reference,
            "target_hard": target,
            "target_soft": {target: 1.0, CIRR[5]: -1.0},
            "caption": f"change number {number}",
            "img_set": {"id": of, "members": sets[of], "reference_rank": 2, "target_rank": 3},
        }
        for number, (reference, target, of) in enumerate(
            [(CIRR[0], CIRR[1], 1), (CIRR[1], CIRR[4], 1), (CIRR[3], CIRR[2], 2)]
        )
    ]
    write_file(folder / "captions/cap.rc2.val.json", rows)
    paths = {name: f"./dev/{name}.png" for name in CIRR}
    write_file(folder / "image_splits/split.rc2.val.json", paths)
    images(folder / "dev", *(f"{name}.png" for name in CIRR[:-1]))


def fashioniq(folder: Path) -> None:
    """Write the dresses of FashionIQ: two queries, four images of the split."""
    rows = [
        {
            "target": CLOTHES[1],
            "captions": ["is Solid black with no sleeves. ", "is black, with straps?"],
            "candidate": CLOTHES[0],
        },
        {"target": CLOTHES[2], "captions": ["has red", "is LONGER"], "candidate": CLOTHES[1]},
    ]
    write_file(folder / "captions/cap.dress.val.json", rows)
    write_file(folder / "image_splits/split.dress.val.json", CLOTHES)
    images(folder / "images", *(f"{name}.jpg" for name in CLOTHES[:-1]))
