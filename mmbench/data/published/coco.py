"""The data source `coco`: captions JSON of COCO, Karpathy or BLIP, with a folder of images."""

from __future__ import annotations

from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

from msgspec.structs import replace

from mmbench.data.mapping.media_files import find_media
from mmbench.data.mapping.pairs import check_count, first_captions, retrieval_data
from mmbench.data.readers.caption_annotations import read_annotations
from mmbench.data.readers.folders import matches, only_file
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError
from mmbench.protocols import declare_source

# As they lie in Karpathy's caption_datasets.zip; dataset.json is neuraltalk's name for each.
KARPATHY = ("dataset_coco.json", "dataset_flickr30k.json", "dataset_flickr8k.json", "dataset.json")
_PLACES = ("", "annotations", "karpathy", "caption_datasets")


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
    extension. Where no image is there each is Broken. Raises DataError for data that cannot be read
    as a whole, UnknownName for a split that is not there, SpecError for a count below 1.
    """
    check_count("captions", captions)
    check_count("images", images)
    path = find_annotations(root, split)
    listed, lines, splits = read_annotations(path, split)
    left_out = {image.id for image in listed[images:]} if images else set()
    lines = [line for line in lines if line.image not in left_out]
    kept = listed[:images]
    names = [image.names for image in kept]
    contents = find_media(names, path.parent, str(path), listed=True)
    pairs = [(image.id, content) for image, content in zip(kept, contents, strict=True)]
    data = retrieval_data(pairs, first_captions(lines, captions), str(path))
    return replace(data, source={} if splits else provenance_warning(path, split))


def provenance_warning(path: Path, split: str) -> dict[str, str]:
    """What `source` says of a file without splits in it, unless its name tells that it is `split`.

    Another file may have as many images: COCO's val2017 has 5,000, as Karpathy's test split.
    """
    if any(_fits(path, rule) for rule in _rules(split)[1:4]):
        return {}
    return {"doubt": f"nothing says that {path.name} is of the split {split}"}


def find_annotations(root: Path | None, split: str) -> Path:
    """The annotations file that `root` is or holds: the first of these rules that finds one.

    1. a Karpathy file, by the names in `KARPATHY`;
    2. `coco_{split}_karpathy.json`, the COCO captions file of a Karpathy split that CLIP_benchmark
       reads (LAION-AI/CLIP_benchmark clip_benchmark/datasets/builder.py);
    3. `coco_karpathy_{split}.json`, `flickr30k_{split}.json`, BLIP's lists of these splits;
    4. `captions_{split}*.json`; 5. `captions_*.json`, as COCO's own archive has them;
    6. any `*.json`.

    Looked at are the folder itself and `annotations`, `karpathy` and `caption_datasets` in it.
    Raises DataError where nothing is found, or several by one rule.
    """
    if root is None:
        raise DataError(
            "data source coco was given no data: give --data FOLDER, with the annotations"
            f" ({KARPATHY[0]}, captions_*.json) and the images in it, or --data ANNOTATIONS.json"
        )
    if root.is_file():
        return root
    if not root.is_dir():
        raise DataError(f"{root}: no such file or folder: give --data FOLDER or ANNOTATIONS.json")
    folders = filter(Path.is_dir, (root / place for place in _PLACES))
    files = [file for folder in folders for file in matches(folder, "*.json")]
    by_rule = ([f for f in files if _fits(f, rule)] for rule in _rules(split))
    needed = (
        f"no annotations file: looked for {', '.join(KARPATHY[:3])} and captions_*.json in it and"
        f" in its {', '.join(_PLACES[1:])}; give the file itself: --data ANNOTATIONS.json"
    )
    return only_file(root, next(filter(None, by_rule), []), needed)


def _fits(file: Path, rule: tuple[str, ...]) -> bool:
    return any(fnmatchcase(file.name, pattern) for pattern in rule)


def _rules(split: str) -> list[tuple[str, ...]]:
    """Patterns of file names, one rule after another."""
    split = escape(split)
    karpathy, captions = f"coco_{split}_karpathy.json", f"captions_{split}*.json"
    blip = f"coco_karpathy_{split}.json", f"flickr30k_{split}.json"
    return [KARPATHY, (karpathy,), blip, (captions,), ("captions_*.json",), ("*.json",)]
