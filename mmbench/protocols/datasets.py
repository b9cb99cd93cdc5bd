"""The interface of data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol, Self

from msgspec import Struct

from mmbench.types import Content, Outputs, Sample

Reads = Literal["table", "json", "text", "folder"]


class SourceInfo(Struct, frozen=True):
    """The declaration of a data source, which is read before the source runs.

    `reads` are the file formats that it takes: `table` (CSV, TSV, JSONL, Parquet), `json` (and
    JSONL), `text` (lines), `folder`. `hub` is true if it loads from the hub without a path;
    `own_data` if it reads the user's own data, through the task with the same name.
    """

    reads: frozenset[Reads] = frozenset({"table", "json"})
    hub: bool = False
    own_data: bool = False


class Dataset(Protocol):
    """The samples of a task, by role, with their references or the links between them.

    Sources return one: `mmbench.Samples`, `mmbench.RetrievalData`, or a type of a plugin's kind. It
    is immutable; methods return new data sets. Media are references; nothing is decoded.
    """

    @property
    def source(self) -> dict[str, str]:
        """Return the origin for the record; `doubt` says why it may not be the data of the task."""
        ...

    @property
    def group_name(self) -> str:
        """Return the name of the groups of samples ("speaker"), empty without groups."""
        ...

    @property
    def optional_tags(self) -> list[str]:
        """Return the tags that samples have only if the files contain them."""
        ...

    def by_role(self) -> Mapping[str, Sequence[Sample]]:
        """Return the samples by role; the role of the queries is first."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the number of samples by role, as the record states it."""
        ...

    def limit(self, n: int, /) -> Self:
        """Return the first n samples, with their references or links."""
        ...

    def contents(
        self, fields: Mapping[str, str], both: bool, /
    ) -> Iterator[tuple[str, str, Content]]:
        """Yield the role, the id and each content that the data hash covers.

        `fields` are those of the task; `both` is true if it searches in both directions.
        """
        ...

    def targets_hash(self) -> bytes:
        """Return a digest of the references or links, the other part of the data hash."""
        ...

    def notes(self) -> list[str]:
        """Return remarks on the data for readers of the scores."""
        ...

    def match(self, outputs: Outputs, *, partial: bool = False) -> tuple[Self, Outputs]:
        """Return the data and the outputs with the same ids.

        Raises DataError for samples without an output, unless `partial`, and for outputs without a
        sample.
        """
        ...

    def with_group_tags(self) -> Self:
        """Return the data with the group of each sample as a tag, if groups have a name."""
        ...

    def with_sample(self, role: str, row: int, sample: Sample, /) -> Self:
        """Return the data with the sample of a row replaced."""
        ...

    def shuffled(self, seed: int, /) -> Self:
        """Return the samples in another order; no score depends on it."""
        ...

    def permuted(self, seed: int, /) -> Self:
        """Return the samples with shuffled references, to measure the level of chance."""
        ...

    def shards(self) -> list[Self]:
        """Return parts with independent predictions; one part if samples are compared."""
        ...
