"""The data sources `folder`, `images` and `class_folders`: media files found by their paths."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.media_columns import modality_of
from mmbench.data.mapping.pairs import retrieval_data
from mmbench.data.mapping.prompts import with_templates
from mmbench.data.readers.file_bytes import decode_text, read_file
from mmbench.data.readers.folders import (
    file_id,
    files_below,
    is_system_name,
    media_in,
)
from mmbench.data.readers.layouts.caption_annotations import Caption
from mmbench.data.readers.records import refuse_duplicates
from mmbench.datasets import RetrievalData, Samples
from mmbench.errors import DataError
from mmbench.media.endings import ENDINGS, IMAGES
from mmbench.protocols import declare_source
from mmbench.surrogates import escape_surrogates
from mmbench.types import Content, InvalidContent, Media, Sample


@declare_source("folder")
def folder(root: Path | None) -> RetrievalData:
    """Load captions as queries ("text") and images as corpus ("image") from a folder tree.

    `a/x.jpg` is the image `a/x`; its captions are the lines of `a/x.txt` (UTF-8), with the ids
    `a/x#0`, `a/x#1`, …. Files are read in sorted order; `files_below` says which files are skipped.
    An image without a text file is a distractor. The captions of a text file without an image are
    linked to an image outside the corpus; if there are no images at all, the images of all captions
    are InvalidContent. An empty text file, and a blank line between captions, count as an empty
    caption; blank lines at the end are ignored.

    Raises DataError for a missing or empty folder, and for two images with the same name.
    """
    if root is None or not root.is_dir():
        problem = (
            "data source folder was given no data" if root is None else f"{root}: no such folder"
        )
        raise DataError(f"{problem}; give --data FOLDER with images x.jpg and captions in x.txt")
    images: list[tuple[str, Content]] = []
    captions: list[Caption] = []
    for file in files_below(root):
        id = file_id(file, root)
        extension = file.suffix.lower()
        if extension in IMAGES:
            images.append((id, Media("image", str(file))))
        elif extension == ".txt":
            captions += [Caption(f"{id}#{n}", id, text) for n, text in enumerate(_lines(file))]
    if not images:
        reason = f"{root}: no image file in it or its subfolders ({' '.join(IMAGES)})"
        if not captions:
            raise DataError(reason)
        images = [(id, InvalidContent(reason)) for id in dict.fromkeys(c.image for c in captions)]
    return retrieval_data(images, captions, str(root))


def _lines(file: Path) -> list[str | InvalidContent]:
    try:
        text = decode_text(read_file(file), file)
    except DataError as error:
        return [InvalidContent(str(error))]
    # Python's universal newlines; splitlines would split at other characters as well.
    return [*text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")]


@declare_source("folder")
def images(root: Path | None) -> Samples:
    """Load the images of a folder tree, each as the target of a sample.

    The id of `a/x.jpg` is `a/x`. `media_in` describes the order of the images and the files that
    are skipped. Raises DataError for a missing folder, a folder without images, and two images with
    the same id.
    """
    if root is None:
        raise DataError("data source images was given no data; give --data FOLDER of images")
    samples = [Sample(id, {}, Media("image", str(file))) for id, file in media_in(root, "image")]
    return Samples(samples)


@declare_source("folder")
def class_folders(
    root: Path | None,
    *,
    medium: str = "image",
    split: str | list[str] = "",
    prompts: str = "",
    spaces: bool = False,
) -> Samples:
    """Load one sample per file; the class of a file is its folder.

    For example, `n01440764/x.JPEG` is in class 0 if `n01440764` is the first folder. Folders are in
    sorted order, without hidden and system folders (`__MACOSX`, `is_system_name`). `split` is the
    folder in `root` that holds the folders of the classes, or a list of such folders: the first
    that exists is used ("" is `root` itself). The id of a file is its path in the folder `split`,
    without its extension. A class has the name of its folder; with `spaces`, underscores become
    spaces. `prompts` selects the prompt templates, which may come with class names in the order of
    the folders (`with_templates`).

    Raises DataError for missing folders or files, and if the number of class names differs from the
    number of folders.
    """
    modality = modality_of(medium)
    place = _place(root, [split] if isinstance(split, str) else split)
    folders = sorted(f for f in place.iterdir() if f.is_dir() and not is_system_name(f.name))
    samples = [
        Sample(
            file_id(file, place),
            {modality: Media(modality, str(file))},
            number,
        )
        for number, folder in enumerate(folders)
        for file in files_below(folder, above=place)
        if file.suffix.lower() in ENDINGS[modality]
    ]
    if not samples:
        raise DataError(
            f"{place}: no subfolder has a file that ends in one of"
            f" {' '.join(ENDINGS[modality])}; make a subfolder for each class"
        )
    refuse_duplicates("id", [sample.id for sample in samples], str(place))
    names = [escape_surrogates(folder.name) for folder in folders]
    return with_templates(Samples(samples, names), prompts, place, spaces=spaces)


def _place(root: Path | None, splits: list[str]) -> Path:
    if root is None:
        raise DataError("data source class_folders was given no data; give --data FOLDER")
    for split in splits:
        if (root / split).is_dir():
            return root / split
    raise DataError(f"{root}: no folder {' or '.join(splits)}; give --data FOLDER")
