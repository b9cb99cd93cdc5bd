"""The data source `captions`: images with reference captions, to score generated captions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Raw

from mmbench.columns import Lists, pack
from mmbench.data.mapping.find_media import find_media
from mmbench.data.mapping.pairs import check_count, first_captions
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import matches
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.layouts.caption_annotations import (
    AnnotatedImage,
    Annotations,
    Caption,
    find_annotations,
    provenance_warning,
    read_annotations,
)
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import parse_id, parse_text, refuse_duplicates
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import find_file, json_records, read_records
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import count, listed, part_of
from mmbench.types import InvalidContent

_TABLES = (".jsonl", ".csv", ".tsv")
_IDS = ("id", "image_id")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


@declare_source(own_data=True)
def captions(
    root: Path | None,
    *,
    split: str = "test",
    captions: int | None = None,
    images: int | None = None,
) -> Samples:
    """Load one sample per image: its references as target, the image as input, its id as group.

    `root` is a file or a folder that contains one: COCO captions, Karpathy or BLIP JSON (found by
    `find_annotations`; `split` selects the images of a Karpathy file), JSON {id: [references]},
    JSONL or a JSON list with `id` and `references`, or CSV with `id` and `caption`, one row per
    caption. `image` in a row is a path; it defaults to the id. `captions` is the number of
    references to keep for each image, and `images` the number of images to keep; both keep the
    first ones. Images need not exist to score captions. As in the data source `coco`, the `source`
    of the result has the key `doubt` if the file may belong to another split.

    Raises DataError for data that cannot be read, and for images without a reference.
    """
    check_count("captions", captions)
    check_count("images", images)
    path = _file(root, split)
    listed_images, lines, splits = _read(path, split)
    refuse_duplicates("image id", [image.id for image in listed_images], str(path))
    references = _by_image(first_captions(lines, captions), listed_images, path)
    chosen = listed_images[:images]
    if not chosen:
        raise DataError(f"{path}: no images with references")
    empty = [image.id for image in chosen if not references[image.id]]
    if empty:
        raise DataError(
            f"{path}: {part_of(len(empty), len(chosen), 'image')} no caption to compare"
            f" with: {listed(empty)}; remove them from the images of the file"
        )
    contents = find_media([_names(image) for image in chosen], path.parent, str(path))
    ids = pack([image.id for image in chosen])
    targets = Lists.from_lists([references[ident] for ident in ids])
    samples = sample_columns(ids, {"image": contents}, targets=targets, groups=ids)
    return Samples(samples, source={} if splits else provenance_warning(path, split))


def _file(root: Path | None, split: str) -> Path:
    if root is not None and root.is_dir() and _has_json(root):
        return find_annotations(root, split)
    return find_file(root, "captions", (*_TABLES, ".json"))


def _has_json(folder: Path) -> bool:
    return bool(matches(folder, "*.json") or matches(folder, "*/*.json"))


def _read(path: Path, split: str) -> Annotations:
    if path.suffix.lower() in _TABLES:
        return _from_rows(OwnTable(FileRows(path, read_records(path))))
    data = read_file(path)
    if data.lstrip().startswith(b"["):
        rows = OwnTable(FileRows(path, json_records(data, path)))
        blip = "image" in rows.names() and not {*_IDS} & {*rows.names()}
        return read_annotations(path, split) if blip else _from_rows(rows)
    content = decode_json(data, dict[str, Raw], path)
    if "images" in content:
        return read_annotations(path, split)
    mapping = {i: _texts(bytes(raw), path, i) for i, raw in content.items()}
    pairs = [Caption("", ident, text) for ident, texts in mapping.items() for text in texts]
    return Annotations([AnnotatedImage(ident, []) for ident in mapping], pairs, splits=False)


def _texts(data: bytes, path: Path, ident: str) -> list[str]:
    content = decode_json(data, object, path, inside=ident)
    return (
        [content] if isinstance(content, str) else decode_json(data, list[str], path, inside=ident)
    )


def _from_rows(rows: OwnTable) -> Annotations:
    listed = rows.find("references")
    # In a row of COCO's annotations, `id` is the caption id.
    is_annotation = rows.find("image_id") and not listed
    name, cells = rows.only(("image_id",) if is_annotation else _IDS, "id")
    ids, paths = rows.as_texts(name, parse_id, cells), rows.texts("image")
    texts = rows.required(
        "references" if listed else "caption", _references if listed else _caption
    )
    images: dict[str, AnnotatedImage] = {}
    lines = []
    for ident, path, captions in zip(ids, paths, texts, strict=True):
        images.setdefault(ident, AnnotatedImage(ident, [path] if path else []))
        lines += [Caption("", ident, text) for text in captions]
    return Annotations(list(images.values()), lines, splits=False)


def _references(cell: object) -> list[str]:
    if isinstance(cell, list) and all(isinstance(text, str) for text in cell):
        return cell
    raise ValueError("give a list of strings")


def _caption(cell: object) -> list[str]:
    return [parse_text(cell)]


def _by_image(
    lines: Iterable[Caption], images: list[AnnotatedImage], path: Path
) -> dict[str, list[str | InvalidContent]]:
    references: dict[str, list[str | InvalidContent]] = {image.id: [] for image in images}
    strangers = []
    for line in lines:
        if line.image in references:
            references[line.image].append(line.text)
        else:
            strangers.append(line.image)
    if strangers:
        raise DataError(
            f"{path}: {count(len(strangers), 'caption')} of images that the file does not list:"
            f" {listed(dict.fromkeys(strangers))}"
        )
    return references


def _names(image: AnnotatedImage) -> list[str]:
    """Return the candidate paths of an image: the paths in the file, or file names made from its
    id.
    """
    return image.names or [image.id, *(f"{image.id}{end}" for end in _ENDINGS)]
