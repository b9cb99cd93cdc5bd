"""The data source `coco`: a captions file (COCO, Karpathy or BLIP JSON) and a folder of images."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from mmbench.data.mapping.find_media import find_media
from mmbench.data.mapping.pairs import check_count, first_captions, retrieval_data
from mmbench.data.readers.layouts.caption_annotations import (
    find_annotations,
    provenance_warning,
    read_annotations,
)
from mmbench.datasets import RetrievalData
from mmbench.protocols import declare_source


@declare_source("json")
def coco(
    root: Path | None,
    *,
    split: str = "test",
    captions: int | None = None,
    images: int | None = None,
) -> RetrievalData:
    """Load captions as queries ("text"), images as corpus ("image"), and links between them.

    `root` is an annotations file, or a folder that contains one (`find_annotations`); images are
    searched next to it (`find_media`). `split` selects images of a Karpathy file; for any other
    file, the `source` of the result gets the key `doubt` if the file name does not contain the
    split. `captions` is the number of captions to keep for each image (COCO 5K has 25,010 captions,
    and 25,000 with five per image), and `images` the number of images to keep with their captions;
    both keep the first ones.

    Ids are the ids in the file, as strings; a Flickr image has its file name without the extension.
    If no image file is found, all images are InvalidContent. Raises DataError for data that cannot
    be read, UnknownName for an unknown split, SpecError for a count below 1.
    """
    check_count("captions", captions)
    check_count("images", images)
    path = find_annotations(root, split)
    listed, lines, splits = read_annotations(path, split)
    left_out = {image.id for image in listed[images:]} if images else set()
    lines = [line for line in lines if line.image not in left_out]
    chosen = listed[:images]
    names = [image.names for image in chosen]
    contents = find_media(names, path.parent, str(path), listed=True)
    pairs = [(image.id, content) for image, content in zip(chosen, contents, strict=True)]
    data = retrieval_data(pairs, first_captions(lines, captions), str(path))
    return replace(data, source={} if splits else provenance_warning(path, split))
