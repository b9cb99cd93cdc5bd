"""The data source `aro`: Visual Genome Relation and Attribution of the ARO benchmark.

Source: Yuksekgonul et al. 2023, arXiv 2210.01936; mertyg/vision-language-models-are-bows
dataset_zoo/aro_datasets.py (09e1fcf), and the notebook "Replicate ARO!" (42dbb5e).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmbench.columns import ABSENT
from mmbench.data.mapping.find_media import find_media
from mmbench.data.readers.annotation_files import annotation_rows
from mmbench.data.readers.records import parse_number, parse_text
from mmbench.data.readers.rows import FileRows
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import UnknownName
from mmbench.media.image import crop
from mmbench.protocols import declare_source
from mmbench.types import Content, Media

PARTS = ("relation", "attribution")

_FEWEST = 25  # questions about a pair of attributes for which an accuracy is computed

# Relations that the official macro accuracy leaves out: they are symmetric, or too rare.
_LEFT_OUT = frozenset(
    [
        "adjusting",
        "attached to",
        "between",
        "bigger than",
        "biting",
        "boarding",
        "brushing",
        "chewing",
        "cleaning",
        "climbing",
        "close to",
        "coming from",
        "coming out of",
        "contain",
        "crossing",
        "dragging",
        "draped over",
        "drinking",
        "drinking from",
        "driving",
        "driving down",
        "driving on",
        "eating from",
        "eating in",
        "enclosing",
        "exiting",
        "facing",
        "filled with",
        "floating in",
        "floating on",
        "flying",
        "flying above",
        "flying in",
        "flying over",
        "flying through",
        "full of",
        "going down",
        "going into",
        "going through",
        "grazing in",
        "growing in",
        "growing on",
        "guiding",
        "hanging from",
        "hanging in",
        "hanging off",
        "hanging over",
        "higher than",
        "holding onto",
        "hugging",
        "in between",
        "jumping off",
        "jumping on",
        "jumping over",
        "kept in",
        "larger than",
        "leading",
        "leaning over",
        "leaving",
        "licking",
        "longer than",
        "looking in",
        "looking into",
        "looking out",
        "looking over",
        "looking through",
        "lying next to",
        "lying on top of",
        "making",
        "mixed with",
        "mounted on",
        "moving",
        "on the back of",
        "on the edge of",
        "on the front of",
        "on the other side of",
        "opening",
        "painted on",
        "parked at",
        "parked beside",
        "parked by",
        "parked in",
        "parked in front of",
        "parked near",
        "parked next to",
        "perched on",
        "petting",
        "piled on",
        "playing",
        "playing in",
        "playing on",
        "playing with",
        "pouring",
        "reaching for",
        "reading",
        "reflected on",
        "riding on",
        "running in",
        "running on",
        "running through",
        "seen through",
        "sitting behind",
        "sitting beside",
        "sitting by",
        "sitting in front of",
        "sitting near",
        "sitting next to",
        "sitting under",
        "skiing down",
        "skiing on",
        "sleeping in",
        "sleeping on",
        "smiling at",
        "sniffing",
        "splashing",
        "sprinkled on",
        "stacked on",
        "standing against",
        "standing around",
        "standing behind",
        "standing beside",
        "standing in front of",
        "standing near",
        "standing next to",
        "staring at",
        "stuck in",
        "surrounding",
        "swimming in",
        "swinging",
        "talking to",
        "topped with",
        "touching",
        "traveling down",
        "traveling on",
        "tying",
        "typing on",
        "underneath",
        "wading in",
        "waiting for",
        "walking across",
        "walking by",
        "walking down",
        "walking next to",
        "walking through",
        "working in",
        "working on",
        "worn on",
        "wrapped around",
        "wrapped in",
        "by",
        "of",
        "near",
        "next to",
        "with",
        "beside",
        "on the side of",
        "around",
    ]
)


@declare_source("json")
def aro(root: Path | None, *, part: str = "relation") -> Samples:
    """Load one sample per question: an `image`, its caption `text_1`, a false caption `text_2`.

    `root` is a folder with visual_genome_relation.json or visual_genome_attribution.json and the
    folder `images`. `part` is one of `PARTS`. An image is cropped to the box of its two objects.
    Ids are row numbers; the questions about an image are a group. The tag `relation` is the
    relation, or `attributes` the pair of attributes, if the official macro accuracy covers it: it
    leaves out symmetric and rare relations, and pairs of attributes with fewer than 25 questions.

    Raises UnknownName for another part, DataError for files that cannot be read.
    """
    if part not in PARTS:
        raise UnknownName("part of ARO", part, PARTS)
    (rows,) = annotation_rows(root, f"visual_genome_{part}.json", "aro")
    rows.refuse_no_rows()
    paths = rows.as_texts("image_path", parse_text)
    images = find_media([[f"images/{path}", path] for path in paths], rows.folder, rows.place)
    tag, values = _tags(rows, part)
    return Samples(
        sample_columns(
            list(map(str, range(len(rows)))),
            {
                "image": list(map(_cropped, images, _boxes(rows))),
                "text_1": rows.as_texts("true_caption", parse_text),
                "text_2": rows.as_texts("false_caption", parse_text),
            },
            groups=paths,
            tags={tag: values},
        ),
        source=rows.source,
        group_name="image",
    )


def _cropped(image: Content, box: tuple[int, int, int, int]) -> Content:
    return crop(image, box) if isinstance(image, Media) else image


def _boxes(rows: FileRows) -> list[tuple[int, int, int, int]]:
    """Return the (left, top, right, bottom) of each row, in pixels."""
    names = ("bbox_x", "bbox_y", "bbox_w", "bbox_h")
    columns = [rows.convert(name, lambda cell: round(parse_number(cell))) for name in names]
    return [(x, y, x + w, y + h) for x, y, w, h in zip(*columns, strict=True)]


def _tags(rows: FileRows, part: str) -> tuple[str, Sequence[Any]]:
    """Return the name of the tag, and its value for each row; ABSENT if the row is left out."""
    if part == "relation":
        names = rows.as_texts("relation_name", parse_text)
        return "relation", [ABSENT if name in _LEFT_OUT else name for name in names]
    pairs = rows.convert("attributes", _pair)
    counts = Counter(pairs)
    return "attributes", [pair if counts[pair] >= _FEWEST else ABSENT for pair in pairs]


def _pair(cell: object) -> str:
    if not isinstance(cell, list) or len(cell) < 2:
        raise ValueError("give a list of two attributes")
    return f"{cell[0]}_{cell[1]}"
