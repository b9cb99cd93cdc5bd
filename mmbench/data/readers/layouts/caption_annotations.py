"""Readers of three JSON formats of image captions, with one result type.

COCO captions (cocodataset/cocoapi PythonAPI/pycocotools/coco.py): `images` with `id` and
`file_name`, `annotations` with `id`, `image_id` and `caption`. An image without a `file_name`, as
in BLIP's `coco_karpathy_val_gt.json`, has COCO's usual file name.

Karpathy (karpathy/neuraltalk imagernn/data_provider.py; fartashf/vsepp data.py): `images`, each
with `filename`, `split` and a list `sentences` with `raw` and `sentid`. COCO's images also have
`filepath` (val2014) and `cocoid`, Flickr's do not. A `sentid` of COCO is the id of the COCO
annotation (vsepp data.py looks captions up by it).

BLIP (salesforce/BLIP data/coco_karpathy_dataset.py, data/flickr30k_dataset.py): a list of objects
with `image`, a path, and `caption`, a string or a list of strings; a file has one split. The id of
a COCO image is the number in its file name, like `cocoid`; the id of any other image is the file
name without the extension.
"""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from msgspec import Raw, Struct

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import matches, only_file
from mmbench.data.readers.json_files import decode_json
from mmbench.errors import DataError, UnknownName
from mmbench.types import InvalidContent

# File names in Karpathy's caption_datasets.zip; neuraltalk calls each of them dataset.json.
KARPATHY = ("dataset_coco.json", "dataset_flickr30k.json", "dataset_flickr8k.json", "dataset.json")
_PLACES = ("", "annotations", "karpathy", "caption_datasets")
_COCO_NAME = re.compile(r"COCO_(?:train|val|test)\d{4}_(\d{12})\.\w+")


class AnnotatedImage(NamedTuple):
    """The id of an image, and its candidate relative paths, if known, in order of preference."""

    id: str
    names: list[str]


class Caption(NamedTuple):
    """The text of a caption, with its id and the id of its image."""

    id: str
    image: str
    text: str | InvalidContent


class Annotations(NamedTuple):
    """The images and captions of an annotations file.

    `splits` is True for a Karpathy file, which says for each image to which split it belongs.
    """

    images: list[AnnotatedImage]
    captions: list[Caption]
    splits: bool


class _CocoImage(Struct):
    id: int | str
    file_name: str = ""  # captions are scored without images


class _CocoCaption(Struct):
    id: int | str
    image_id: int | str
    caption: str


class _Coco(Struct):
    images: list[_CocoImage]
    annotations: list[_CocoCaption]


class _Sentence(Struct):
    raw: str
    sentid: int | str


class _KarpathyImage(Struct):
    filename: str
    split: str
    sentences: Raw  # decoded for the chosen split only: they are nearly all of the file
    filepath: str | None = None
    cocoid: int | str | None = None


class _Karpathy(Struct):
    images: list[_KarpathyImage]


class _BlipImage(Struct):
    image: str
    caption: str | list[str]


class _ImageList(Struct):
    images: list[Raw]


def read_annotations(path: Path, split: str) -> Annotations:
    """Return the images and captions of an annotations file, in file order.

    `split` selects the images of a Karpathy file; other formats have no splits. Raises DataError
    for a file that is malformed, of another format or without images, UnknownName for an unknown
    split.
    """
    data = read_file(path)
    if data.lstrip().startswith(b"["):
        return _blip(data, path)
    images = decode_json(data, _ImageList, path).images
    if not images:
        raise DataError(f"{path} lists no images")
    first = decode_json(bytes(images[0]), dict[str, Raw], path)
    if "sentences" in first:
        return _karpathy(data, path, split)
    return _coco(data, path)


def _coco(data: bytes, path: Path) -> Annotations:
    file = decode_json(data, _Coco, path)
    images = [AnnotatedImage(str(one.id), _coco_names(one)) for one in file.images]
    captions = [Caption(str(c.id), str(c.image_id), c.caption) for c in file.annotations]
    return Annotations(images, captions, splits=False)


def _coco_names(image: _CocoImage) -> list[str]:
    """Return the candidate file names of an image; COCO's usual names if the file has only ids."""
    number = f"{image.id:0>12}"
    return [image.file_name] if image.file_name else [f"COCO_val2014_{number}.jpg", f"{number}.jpg"]


def _karpathy(data: bytes, path: Path, split: str) -> Annotations:
    entries = decode_json(data, _Karpathy, path).images
    chosen = [(row, entry) for row, entry in enumerate(entries) if entry.split == split]
    if not chosen:
        splits = {entry.split for entry in entries}
        raise UnknownName(f"split of {path}", split, splits, "set data option `split`")
    images, captions = [], []
    for row, entry in chosen:
        # A Flickr image has no COCO id; its file name identifies it.
        stem = PurePosixPath(entry.filename).stem
        id = stem if entry.cocoid is None else str(entry.cocoid)
        images.append(AnnotatedImage(id, _names(entry)))
        inside = f"$.images[{row}].sentences"
        sentences = decode_json(bytes(entry.sentences), list[_Sentence], path, inside=inside)
        captions += [Caption(str(line.sentid), id, line.raw) for line in sentences]
    return Annotations(images, captions, splits=True)


def _blip(data: bytes, path: Path) -> Annotations:
    """Parse a BLIP list of images with captions; several entries may name the same image."""
    images: dict[str, AnnotatedImage] = {}
    captions: list[Caption] = []
    seen: Counter[str] = Counter()
    for entry in decode_json(data, list[_BlipImage], path):
        id = _blip_id(entry.image)
        images.setdefault(id, AnnotatedImage(id, _endings(entry.image)))
        for text in [entry.caption] if isinstance(entry.caption, str) else entry.caption:
            captions.append(Caption(f"{id}#{seen[id]}", id, text))
            seen[id] += 1
    if not images:
        raise DataError(f"{path} lists no images")
    return Annotations(list(images.values()), captions, splits=False)


def _blip_id(image: str) -> str:
    number = _COCO_NAME.fullmatch(PurePosixPath(image).name)
    return str(int(number[1])) if number else PurePosixPath(image).stem


def _endings(path: str) -> list[str]:
    """Return a path and its shorter forms, each without one more leading folder, longest first."""
    parts = PurePosixPath(path).parts
    return ["/".join(parts[start:]) for start in range(len(parts))] if parts else [path]


def _names(entry: _KarpathyImage) -> list[str]:
    if not entry.filepath:
        return [entry.filename]
    return [f"{entry.filepath}/{entry.filename}", entry.filename]


def provenance_warning(path: Path, split: str) -> dict[str, str]:
    """Return {"doubt": reason} if nothing shows that the file belongs to `split`, else {}.

    The split of a Karpathy file is known from its content, the split of other files from the file
    name. The number of images is no evidence: COCO's val2017 and Karpathy's test split both have
    5,000 images.
    """
    if any(_fits(path, rule) for rule in _rules(split)[1:4]):
        return {}
    return {"doubt": f"nothing says that {path.name} is of the split {split}"}


def find_annotations(root: Path | None, split: str) -> Path:
    """Return the annotations file: `root` itself, or the file in it that the first rule finds.

    1. a Karpathy file, with one of the names in `KARPATHY`;
    2. `coco_{split}_karpathy.json`, the COCO captions file of a Karpathy split that CLIP_benchmark
       reads (LAION-AI/CLIP_benchmark clip_benchmark/datasets/builder.py);
    3. `coco_karpathy_{split}.json`, `flickr30k_{split}.json`, BLIP's lists of these splits;
    4. `captions_{split}*.json`; 5. `captions_*.json`, as in COCO's own archive;
    6. any `*.json`.

    The folder itself and its subfolders `annotations`, `karpathy` and `caption_datasets` are
    searched. Raises DataError if no rule finds a file, and if a rule finds several files.
    """
    if root is None:
        raise DataError(
            "data source coco was given no data; give --data FOLDER with the annotations"
            f" ({KARPATHY[0]}, captions_*.json) and the images, or --data ANNOTATIONS.json"
        )
    if root.is_file():
        return root
    if not root.is_dir():
        raise DataError(f"{root}: no such file or folder; give --data FOLDER or ANNOTATIONS.json")
    folders = filter(Path.is_dir, (root / place for place in _PLACES))
    files = [file for folder in folders for file in matches(folder, "*.json")]
    by_rule = ([f for f in files if _fits(f, rule)] for rule in _rules(split))
    needed = (
        f"no annotations file (looked for {', '.join(KARPATHY[:3])} and captions_*.json in the"
        f" folder and in {', '.join(_PLACES[1:])}); give the file itself: --data ANNOTATIONS.json"
    )
    return only_file(root, next(filter(None, by_rule), []), needed)


def _fits(file: Path, rule: tuple[str, ...]) -> bool:
    return any(fnmatchcase(file.name, pattern) for pattern in rule)


def _rules(split: str) -> list[tuple[str, ...]]:
    """Return the file name patterns of each rule of `find_annotations`, in order."""
    split = escape(split)
    karpathy, captions = f"coco_{split}_karpathy.json", f"captions_{split}*.json"
    blip = f"coco_karpathy_{split}.json", f"flickr30k_{split}.json"
    return [KARPATHY, (karpathy,), blip, (captions,), ("captions_*.json",), ("*.json",)]
