"""The data sources `cirr` and `fashioniq`: composed queries of an image and a text.

Sources: Liu et al. 2021, arXiv 2108.04024; Cuberick-Orion/CIRR README.md (branch cirr_dataset). Wu
et al. 2021, arXiv 1905.12794; XiaoxiaoGuo/fashion-iq. The protocols are those of ABaldrati/CLIP4Cir
src/validate.py and src/data_utils.py (9001359, a6cd95d).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from msgspec import Struct

from mmbench.data.mapping.find_media import find_media
from mmbench.data.readers.annotation_files import find_files
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.records import refuse_duplicates
from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, UnknownName
from mmbench.protocols import declare_source
from mmbench.types import Content, Sample

CATEGORIES = ("dress", "shirt", "toptee")

_ENDS = ".?, "  # characters that CLIP4Cir removes from the ends of captions


class _ImageSet(Struct):
    id: int
    members: list[str]


class _Pair(Struct):
    """A query of CIRR: its id, the names of the images, the text, and a set of similar images."""

    pairid: int
    reference: str
    caption: str
    target_hard: str
    img_set: _ImageSet


class _Change(Struct):
    """A query of FashionIQ: the names of the images, and two texts about the difference."""

    candidate: str
    target: str
    captions: list[str]


@declare_source("json")
def cirr(root: Path | None, *, split: str = "val") -> RetrievalData:
    """Load the queries of CIRR (`image` and `text`) and the images of the split as corpus.

    `root` is the folder with captions/cap.rc2.val.json and image_splits/split.rc2.val.json, also in
    `cirr`; images are below it at the paths in the second file (dev/…) or in `img_raw`. `split` is
    val or train: the targets of test1 are not public. The corpus of a query lacks its own image,
    and the members of its set of similar images are its subset. Ids are `pairid` and the names of
    images; queries of one set are a group.

    Raises UnknownName for another split, DataError for files that are missing or cannot be read.
    """
    if split not in ("val", "train"):
        raise UnknownName("split of CIRR", split, ("val", "train"))
    captions, images = _files(
        root, "cirr", f"captions/cap.rc2.{split}.json", f"image_splits/split.rc2.{split}.json"
    )
    paths = decode_json(read_file(images), dict[str, str], images)
    pairs = decode_json(read_file(captions), list[_Pair], captions)
    names = [_candidates(str(PurePosixPath(path))) for path in paths.values()]
    corpus = _corpus(list(paths), names, captions, root)
    queries = [
        Sample(
            str(pair.pairid),
            {"image": _of(corpus, pair.reference, captions), "text": pair.caption},
            group=str(pair.img_set.id),
        )
        for pair in pairs
    ]
    ids = [query.id for query in queries]
    return _data(
        queries,
        corpus,
        [pair.target_hard for pair in pairs],
        captions,
        excluded={ident: [one.reference] for ident, one in zip(ids, pairs, strict=True)},
        subsets={ident: one.img_set.members for ident, one in zip(ids, pairs, strict=True)},
    )


@declare_source("json")
def fashioniq(
    root: Path | None,
    *,
    category: str = "dress",
    split: str = "val",
    gallery: Literal["split", "pairs"] = "split",
) -> RetrievalData:
    """Load the queries of a category of FashionIQ (`image` and `text`), and a corpus of images.

    `root` is the folder with captions/cap.dress.val.json, image_splits/split.dress.val.json and
    `images` (NAME.jpg or NAME.png). The two captions of a query become one text, "C1 and c2",
    without punctuation at their ends, as in CLIP4Cir. The corpus has the images of the split, or
    with `gallery: pairs` only those of the queries and their targets (the protocol of VAL,
    unverified; scores are higher). Queries are not removed from it. Ids are dress/0, … and names.

    Raises UnknownName for another category, DataError for files that are missing or cannot be read.
    """
    if category not in CATEGORIES:
        raise UnknownName("category of FashionIQ", category, CATEGORIES)
    captions, images = _files(
        root,
        "fashioniq",
        f"captions/cap.{category}.{split}.json",
        f"image_splits/split.{category}.{split}.json",
    )
    listed = decode_json(read_file(images), list[str], images)
    changes = decode_json(read_file(captions), list[_Change], captions)
    used = [name for one in changes for name in (one.candidate, one.target)]
    names = list(dict.fromkeys([*listed, *used]))
    all_images = _corpus(names, [_candidates_of(name, category) for name in names], captions, root)
    members = set(used if gallery == "pairs" else listed)
    queries = [
        Sample(
            f"{category}/{row}",
            {"image": all_images[one.candidate], "text": _joined(one.captions, captions, row)},
            group=one.target,
        )
        for row, one in enumerate(changes)
    ]
    corpus = {name: image for name, image in all_images.items() if name in members}
    return _data(queries, corpus, [one.target for one in changes], captions)


def _files(root: Path | None, source: str, *names: str) -> list[Path]:
    files = {name: [name, f"cirr/{name}"] if source == "cirr" else [name] for name in names}
    return [path for _, path in find_files(root, files, source)]


def _candidates(path: str) -> list[str]:
    return [path, f"img_raw/{path}"]


def _candidates_of(name: str, category: str) -> list[str]:
    names = [f"{name}.jpg", f"{name}.png"]
    folders = ("images", f"resized_images/{category}")
    return [f"{folder}/{one}" for folder in folders for one in names]


def _corpus(
    names: Sequence[str], paths: Sequence[Sequence[str]], file: Path, root: Path | None
) -> dict[str, Content]:
    refuse_duplicates("image", names, str(file))
    images = find_media(paths, root or file.parent, str(file), listed=True)
    return dict(zip(names, images, strict=True))


def _of(corpus: Mapping[str, Content], name: str, file: Path) -> Content:
    if name not in corpus:
        raise DataError(f"{file}: the image {name} of a query is not in the list of the split")
    return corpus[name]


def _joined(captions: Sequence[str], file: Path, row: int) -> str:
    """Return the two captions of a query as one text."""
    if len(captions) != 2:
        raise DataError(f"{file}: $[{row}] has {len(captions)} captions; give two")
    first, second = (caption.strip(_ENDS) for caption in captions)
    return f"{first.capitalize()} and {second}"


def _data(
    queries: list[Sample],
    corpus: Mapping[str, Content],
    targets: Sequence[str],
    file: Path,
    *,
    excluded: dict[str, list[str]] | None = None,
    subsets: dict[str, list[str]] | None = None,
) -> RetrievalData:
    ids = [query.id for query in queries]
    refuse_duplicates("pairid", ids, str(file))
    if not queries:
        raise DataError(f"{file}: no queries")
    return RetrievalData(
        queries,
        [Sample(name, {"image": image}) for name, image in corpus.items()],
        {ident: {target: 1.0} for ident, target in zip(ids, targets, strict=True)},
        excluded=excluded or {},
        subsets=subsets or {},
    )
