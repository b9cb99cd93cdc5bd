"""The data source `captions`: images with reference captions, to score generated captions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Raw

from mmbench.columns import Lists, pack, patch_rows
from mmbench.data.mapping.column_roles import MEDIUM, Role, own_table
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
from mmbench.data.readers.layouts.coco_objects import annotated_objects
from mmbench.data.readers.library.local import SAVED
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of
from mmbench.data.readers.own_tables import OwnTable, unique_stems
from mmbench.data.readers.records import parse_id, parse_text, refuse_duplicates
from mmbench.data.readers.rows import FileRows, Rows
from mmbench.data.readers.table_files import is_json_lines, json_records
from mmbench.data.readers.tars.layouts import are_tars
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import count, listed, part_of
from mmbench.types import InvalidContent, Media

_SPLIT = "test"  # of a Karpathy file
_OBJECTS = "objects"
_IDS = ("id", "image_id")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


_ROLES = (
    Role("references", own=("references",)),
    Role("caption", required=True, own=("references",)),
    Role(MEDIUM),
    Role("id", own=_IDS),
)


@declare_source("table", "json", "folder", own_data=True, any_layout=True)
def captions(
    root: DataPlace | None,
    *,
    path: str = "",
    columns: dict[str, str] | None = None,
    split: str | None = None,
    captions: int | None = None,
    images: int | None = None,
    objects: bool = False,
) -> Samples:
    """Load one sample per image: its references as target, the image as input, its id as group.

    `root` or `path` is the place of the data. A JSON file, or a folder that contains one, has COCO
    captions, the format of Karpathy or BLIP (found by `find_annotations`; `split` selects the
    images of a Karpathy file, by default `test`), or {id: [references]}. Any other layout of
    `own_rows` has rows with `id` and `references`, a list, or with `id` and `caption`, one row per
    caption. `columns` gives the columns that have other names; further ones are inferred
    (`choose_columns`). `image` in a row is a path or an encoded image; it defaults to the id, and
    the id to the file name without extension. `captions` is the number of references to keep for
    each image, and `images` the number of images to keep; both keep the first ones. Images need not
    exist to score captions. With `objects`, the annotated objects of COCO's images become the tag
    `objects` ("cat, dining table"), if `instances_*.json` next to the captions, or in a folder
    `annotations`, lists all images. As in the data source `coco`, the `source` of the result has
    the key `doubt` if the file may belong to another split.

    Raises DataError for data that cannot be read, and for images without a reference.
    """
    check_count("captions", captions)
    check_count("images", images)
    found = _read(root, path, columns or {}, split)
    listed_images, lines, splits = found.annotations
    place = found.place
    refuse_duplicates("image id", [image.id for image in listed_images], place)
    references = _by_image(first_captions(lines, captions), listed_images, place)
    chosen = listed_images[:images]
    if not chosen:
        raise DataError(f"{place}: no images with references")
    empty = [image.id for image in chosen if not references[image.id]]
    if empty:
        raise DataError(
            f"{place}: {part_of(len(empty), len(chosen), 'image')} no caption to compare"
            f" with: {listed(empty)}; remove them from the images of the file"
        )
    contents = find_media([_names(image) for image in chosen], found.folder, place)
    encoded = {at: found.media[i.id] for at, i in enumerate(chosen) if i.id in found.media}
    ids = pack([image.id for image in chosen])
    targets = Lists.from_lists([references[ident] for ident in ids])
    inputs = {"image": patch_rows(contents, encoded)}
    tags = _objects(found.folder, ids) if objects else {}
    samples = sample_columns(ids, inputs, targets=targets, groups=ids, tags=tags)
    doubt = {} if splits else provenance_warning(Path(place), split or _SPLIT)
    return Samples(samples, source={**found.source, **doubt})


def _objects(folder: Path, images: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the tag with the objects of each image; {} if the objects of an image are unknown."""
    folders = (folder, folder / "annotations", folder.parent / "annotations")
    objects = annotated_objects(folders, images)
    return {} if objects is None else {_OBJECTS: objects}


class _Found(NamedTuple):
    """Annotations at a place, the folder of their images, encoded images by id, and provenance."""

    annotations: Annotations
    place: str
    folder: Path
    media: Mapping[str, Media]
    source: Mapping[str, str]


def _read(
    root: DataPlace | None, path: str, columns: Mapping[str, str], split: str | None
) -> _Found:
    roles = [role._replace(required=False) if "references" in columns else role for role in _ROLES]
    if isinstance(root, Rows):
        return _from_rows(own_table(root, columns, roles))
    place = Path(path) if root is None else root
    file = find_annotations(place, split or _SPLIT) if _has_json(place) else place
    if file.suffix.lower() == ".json" and file.is_file() and not columns:
        annotations = _from_json(file, split or _SPLIT)
        if annotations is not None:
            return _Found(annotations, str(file), file.parent, {}, {})
    rows = rows_of(None if root is None else file, path, split)
    return _from_rows(own_table(rows, columns, roles))


def _has_json(folder: Path) -> bool:
    """Return whether a folder has JSON files, and is no folder of `save_to_disk` or of archives."""
    if not folder.is_dir() or any((folder / name).is_file() for name in SAVED):
        return False
    if are_tars(folder):  # img2dataset writes statistics as JSON next to its archives
        return False
    return bool(matches(folder, "*.json") or matches(folder, "*/*.json"))


def _from_json(path: Path, split: str) -> Annotations | None:
    """Return the annotations in a JSON file; None for a list of rows with ids."""
    data = read_file(path)
    if is_json_lines(data):
        return None
    if data.lstrip().startswith(b"["):
        names = FileRows(path, json_records(data, path)).names()
        return read_annotations(path, split) if _is_blip(names) else None
    content = decode_json(data, dict[str, Raw], path)
    if "images" in content:
        return read_annotations(path, split)
    mapping = {i: _texts(bytes(raw), path, i) for i, raw in content.items()}
    pairs = [Caption("", ident, text) for ident, texts in mapping.items() for text in texts]
    return Annotations([AnnotatedImage(ident, []) for ident in mapping], pairs, splits=False)


def _is_blip(names: Collection[str]) -> bool:
    return {"image", "caption"} <= {*names} and not {*_IDS} & {*names}


def _texts(data: bytes, path: Path, ident: str) -> list[str]:
    content = decode_json(data, object, path, inside=ident)
    return (
        [content] if isinstance(content, str) else decode_json(data, list[str], path, inside=ident)
    )


def _from_rows(rows: OwnTable) -> _Found:
    listed = rows.find("references")
    texts = rows.required(
        "references" if listed else "caption", _references if listed else _captions
    )
    cells = rows.media_or_absent("image", "image")
    images: dict[str, AnnotatedImage] = {}
    media: dict[str, Media] = {}
    lines = []
    for ident, cell, captions in zip(_row_ids(rows, cells), cells, texts, strict=True):
        images.setdefault(ident, AnnotatedImage(ident, [cell] if isinstance(cell, str) else []))
        if isinstance(cell, Media):
            media.setdefault(ident, cell)
        lines += [Caption("", ident, text) for text in captions]
    annotations = Annotations(list(images.values()), lines, splits=False)
    return _Found(annotations, rows.place, rows.folder, media, rows.source)


def _row_ids(rows: OwnTable, cells: Sequence[object]) -> Sequence[str]:
    """Return the image id of each row: from a column, else the file's name or the row number."""
    if any(map(rows.find, _IDS)):
        # In a row of COCO's annotations, `id` is the caption id.
        is_annotation = rows.find("image_id") and not rows.find("references")
        name, ids = rows.only(("image_id",) if is_annotation else _IDS, "id")
        return rows.as_texts(name, parse_id, ids)
    paths = list(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))
    stems = dict(zip(paths, unique_stems(paths), strict=True))
    return [stems[cell] if isinstance(cell, str) else str(at) for at, cell in enumerate(cells)]


def _references(cell: object) -> list[str]:
    if isinstance(cell, list) and all(isinstance(text, str) for text in cell):
        return cell
    raise ValueError("give a list of strings")


def _captions(cell: object) -> list[str]:
    return list(map(parse_text, cell)) if isinstance(cell, list) else [parse_text(cell)]


def _by_image(
    lines: Iterable[Caption], images: list[AnnotatedImage], place: str
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
            f"{place}: {count(len(strangers), 'caption')} of images that the file does not list:"
            f" {listed(dict.fromkeys(strangers))}"
        )
    return references


def _names(image: AnnotatedImage) -> list[str]:
    """Return the candidate paths of an image: the paths in the file, or file names made from its
    id.
    """
    return image.names or [image.id, *(f"{image.id}{end}" for end in _ENDINGS)]
