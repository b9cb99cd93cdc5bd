"""Samples with a reference each: the data of every kind but retrieval."""

from __future__ import annotations

from msgspec import Struct, field

from mmbench.types import Sample


class Samples(Struct, frozen=True):
    """The data of every kind but retrieval: rows, and the names of the classes where it has some.

    A label in a target is its position in `labels`. `source` says where the data are from.
    `templates` are the prompts into which a class is put ("a photo of a {}."), where the data set
    has its own. `group_name` is what the groups are, where the source knows it ("speaker"): a tag
    for breakdowns. `optional_tags` are those that the source sets where the files have them.
    """

    samples: list[Sample]
    labels: list[str] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)
    templates: list[str] = field(default_factory=list)
    group_name: str = ""
    optional_tags: list[str] = field(default_factory=list)
