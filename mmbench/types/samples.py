"""The samples of a data set, and the outputs that another program computed for them."""

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
    """One sample (row) of a data set.

    `inputs` maps field names to contents. Samples with the same `group` depend on each other (five
    captions of one image); confidence intervals are clustered by group. `tags` map names to values,
    for breakdowns of the scores.
    """

    id: str
    inputs: dict[str, Content]
    target: Any = None
    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)


class OutputContext(Struct, frozen=True):
    """What another program stored with an output, by which the sample of the output can be found.

    `row` is the row number of the sample in the data set of the program, from 0; None if unknown.
    `prompt` is the input text, `references` the forms of the correct answer, and `media` the paths
    or URLs of the input media.
    """

    row: int | None = None
    prompt: str = ""
    references: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)


class Outputs(Struct, frozen=True):
    """The outputs of a model, read from a file: id → value.

    A value is a text, a number, class scores as {label: score} or as an array [c] in the order of
    `labels`, a list of document ids (best first), or a media item. For retrieval, `embeddings` may
    instead hold ids and vectors [n, d] float32 by role (query, corpus); the vectors may stay in a
    file (`Vectors`). If `positional` is true, the file has no ids, and the ids are row numbers from
    0, in the order of the task's samples. `tags` are further columns by id (such as seconds of
    audio and of computation). `digest` is the hash of the bytes read. `id_column` is the name of
    the id column, "" if the file has no columns; `other_ids` holds other candidates for the id
    column, in the order of `values`; `by_format` is true if the file format defines `id_column`.
    `notes` say how the file was read, for readers of the scores. `contexts`, in the order of
    `values`, are the inputs and references in the file, by which outputs are matched if the ids of
    the file are not those of the data; if they have row numbers, `id_column` is not tried.
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
    contexts: Sequence[OutputContext] = ()
