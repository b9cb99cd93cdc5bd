"""The data source `class_folders`: a folder for each class, with its images, sounds or videos."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.mapping.beside import FILMS, SOUNDS
from mmbench.data.mapping.pairs import refuse_duplicates
from mmbench.data.mapping.prompts import with_templates
from mmbench.data.mapping.published_rows import modality_of
from mmbench.data.readers.folders import is_system_name
from mmbench.data.sources.folder import EXTENSIONS, file_id, files_below
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.surrogates import escape_surrogates
from mmbench.types import Media, Sample

_ENDINGS = {"image": EXTENSIONS, "audio": SOUNDS, "video": FILMS}


@declare_source("folder")
def class_folders(
    root: Path | None,
    *,
    medium: str = "image",
    split: str | list[str] = "",
    prompts: str = "",
    spaces: bool = False,
) -> Samples:
    """A sample for each file, its class by the folder: `n01440764/x.JPEG` is of class 0.

    Folders are taken in sorted order, without hidden ones and those that systems leave
    (`__MACOSX`, `is_system_name`); the id is the path below the folder of classes, without its
    ending. `split` is that folder in `root`, or a list of which the first that
    is there counts ("" is `root` itself). A class is called as its folder is, with spaces for
    underscores where `spaces` says so. `prompts` names the templates, and with them may name the
    classes in the order of the folders (`with_templates`).

    Raises DataError where there are no such folders or files, or another number of folders than
    there are names.
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
        if file.suffix.lower() in _ENDINGS[modality]
    ]
    if not samples:
        raise DataError(
            f"{place}: no file in a folder of it ends in one of {' '.join(_ENDINGS[modality])}:"
            " a folder for each class is needed"
        )
    refuse_duplicates("id", [sample.id for sample in samples], str(place))
    names = [escape_surrogates(folder.name) for folder in folders]
    names = [name.replace("_", " ") for name in names] if spaces else names
    return with_templates(Samples(samples, names), prompts, place)


def _place(root: Path | None, splits: list[str]) -> Path:
    if root is None:
        raise DataError("data source class_folders was given no data: give --data FOLDER")
    for split in splits:
        if (root / split).is_dir():
            return root / split
    raise DataError(f"{root}: has no folder {' or '.join(splits)}: give --data FOLDER")
