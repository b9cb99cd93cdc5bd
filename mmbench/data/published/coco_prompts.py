"""The data source `coco-prompts`: COCO captions as image generation prompts, with real images."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from mmbench.data.mapping.find_media import find_media
from mmbench.data.mapping.pairs import check_count
from mmbench.data.readers.layouts.caption_annotations import (
    Caption,
    find_annotations,
    provenance_warning,
    read_annotations,
)
from mmbench.data.readers.records import refuse_duplicates
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import count
from mmbench.types import Sample


@declare_source("json")
def coco_prompts(
    root: Path | None,
    *,
    split: str = "val2014",
    images: int | None = None,
    seed: int = 0,
) -> Samples:
    """Load one sample per image: one of its captions as the text input, the image as target.

    `root` is an annotations file or a folder that contains one: COCO's own file of the `split`,
    directly or in `annotations`, or else the file that the source `coco` finds. Ids are the image
    ids. `images` is the number of images; the images with the lowest hashes under `seed` are
    chosen. The caption of each image is chosen in the same way, so the order of the file does not
    matter.

    Raises DataError for files that cannot be read, and if too few images have a caption.
    """
    check_count("images", images)
    path = _annotations(root, split)
    listed, captions, splits = read_annotations(path, split)
    refuse_duplicates("image id", [image.id for image in listed], str(path))
    chosen = _one_each(captions, seed)
    there = [image for image in listed if image.id in chosen]
    if len(there) < (images or 1):
        few, needed = count(len(there), "image"), count(images or 1, "image")
        raise DataError(f"{path} has {few} with a caption, but {needed} are needed")
    selected = sorted(there, key=lambda image: _hash(seed, image.id))[:images]
    contents = find_media([image.names for image in selected], path.parent, str(path))
    return Samples(
        [
            Sample(image.id, {"text": chosen[image.id].text}, content, group=image.id)
            for image, content in zip(selected, contents, strict=True)
        ],
        source={} if splits else provenance_warning(path, split),
    )


def _annotations(root: Path | None, split: str) -> Path:
    """Return COCO's own annotations file of the split, even if there is a Karpathy file.

    Raises DataError if the only COCO file belongs to another split. Without this error, the wrong
    split would not be noticed: train2014, for example, also has enough images.
    """
    name = f"captions_{split}"
    places = [root, root / "annotations"] if root else []
    own = [place / f"{name}.json" for place in places]
    annotations = next((file for file in own if file.is_file()), None) or find_annotations(
        root, split
    )
    if (
        annotations != root
        and annotations.name.startswith("captions_")
        and not annotations.name.startswith(name)
    ):
        raise DataError(
            f"{root} has {annotations.name}, but no {name}.json; put {name}.json there, or give"
            f" --data {annotations}"
        )
    return annotations


def _one_each(captions: list[Caption], seed: int) -> dict[str, Caption]:
    """Return {image id: caption}: of each image, the caption with the lowest hash under `seed`."""
    chosen: dict[str, Caption] = {}
    for caption in sorted(captions, key=lambda caption: _hash(seed, caption.id)):
        if isinstance(caption.text, str) and caption.text.strip():
            chosen.setdefault(caption.image, caption)
    return chosen


def _hash(seed: int, ident: str) -> bytes:
    return blake2b(f"{seed}/{ident}".encode(), digest_size=16).digest()
