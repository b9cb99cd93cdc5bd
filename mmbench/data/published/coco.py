"""The data source `coco`: captions JSON of COCO, Karpathy or BLIP, with a folder of images."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from mmbench.data.mapping.media_files import find_media
from mmbench.data.mapping.pairs import check_count, first_captions, retrieval_data
from mmbench.data.readers.caption_annotations import (
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
    """Captions as queries ("text"), images as corpus ("image"), each caption linked to its image.

    `root` is an annotations file, or a folder that holds one (`find_annotations`); the images are
    found beside it (`find_media`). `split` chooses the images of a Karpathy file; of any other,
    `source` says `doubt` where its name does not tell the split.
    `captions` keeps the first so many of each image (all of COCO 5K are 25,010, five each 25,000),
    `images` the first so many images with their captions.

    Ids are those of the file as text; an image of Flickr has the name of its file without the
    extension. Where no image is there each is InvalidContent. Raises DataError for data that cannot
    be read as a whole, UnknownName for a split that is not there, SpecError for a count below 1.
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
