"""The rows of a data set, and the outputs of another program for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from mmbench.types.content import Array, Content

if TYPE_CHECKING:
    from mmbench.columns.vectors import Vectors
else:
    Vectors = Any


class Sample(Struct, frozen=True):
    """One row of a data set.

    `inputs` maps field names to contents. `group` names what samples share (the image of five
    captions), for clustered intervals; `tags` are for breakdowns.
    """

    id: str
    inputs: dict[str, Content]
    target: Any = None
    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


class Outputs(Struct, frozen=True):
    """Outputs of a model as read from a file: id → value.

    A value is a text, a number, scores by label {label: score}, scores [c] in the order of
    `labels`, document ids best first, or a medium. `embeddings` holds ids and vectors [n, d]
    float32 by role (query, corpus) instead, which may stay in a file (`Vectors`). If the file has
    no ids (`positional`), they are the row numbers from 0, in the order of the task's samples.
    `tags` are further columns by id (seconds of audio and of computing). `digest` is the hash of
    the bytes read. `id_column` is the column of the ids, empty if the file has no columns;
    `other_ids` are other candidate columns, in the order of `values`; `by_format` is true if the
    file format defines `id_column`. `notes` say how the file was read, for readers of the scores.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    embeddings: dict[str, tuple[Sequence[str], Array | Vectors]] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    positional: bool = False
    digest: str = ""
    id_column: str = ""
    other_ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    by_format: bool = False
    notes: list[str] = field(default_factory=list)
