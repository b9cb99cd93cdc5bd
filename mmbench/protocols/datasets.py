"""The interface of data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol, Self

from msgspec import Struct

from mmbench.types import Content, Outputs, Sample

Reads = Literal["table", "json", "text", "folder"]


class SourceInfo(Struct, frozen=True):
    """The declaration of a data source, which is read before the source runs.

    `reads` are the formats of the files that it takes: `table` (CSV, TSV, JSONL, Parquet), `json`
    (and JSONL), `text` (lines), `folder`; `hub`: without a path it asks the hub;
    `own_data`: it reads data of the user's own, under a task of its own name.
    """

    reads: frozenset[Reads] = frozenset({"table", "json"})
    hub: bool = False
    own_data: bool = False


class Dataset(Protocol):
    """The samples of a task, by role, with their references or the links between them.

    Sources return one: `mmbench.Samples`, `mmbench.RetrievalData`, or a type of a plugin's own
    kind. It never changes; a method that changes something returns another data set. Media are
    references, nothing is decoded.
    """

    @property
    def source(self) -> dict[str, str]:
        """Return the origin of the data for the record; `doubt`: why they may not be the task's."""
        ...

    @property
    def group_name(self) -> str:
        """Return the name of the groups of samples ("speaker"); empty where they have none."""
        ...

    @property
    def optional_tags(self) -> list[str]:
        """Return the tags that samples have only if the files have them."""
        ...

    def by_role(self) -> Mapping[str, Sequence[Sample]]:
        """Return the samples by role; the role that asks is the first."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the number of samples by role, as the record states it."""
        ...

    def limit(self, n: int, /) -> Self:
        """Return the first n samples, with all that belongs to them."""
        ...

    def contents(
        self, fields: Mapping[str, str], both: bool, /
    ) -> Iterator[tuple[str, str, Content]]:
        """Yield role, id and content of what the data hash covers.

        `fields` are those of the task; `both` is true if its documents ask for queries as well.
        """
        ...

    def targets_hash(self) -> bytes:
        """Return a digest of the references or links: the rest of the data hash."""
        ...

    def notes(self) -> list[str]:
        """Return what a reader of the scores should know of the data."""
        ...

    def match(self, outputs: Outputs, *, partial: bool = False) -> tuple[Self, Outputs]:
        """Return data and outputs with the same ids.

        Raises DataError for samples without an output, unless `partial`, and for outputs without a
        sample.
        """
        ...

    def with_group_tags(self) -> Self:
        """Return the data with the group of each sample as a tag, where groups have a name."""
        ...

    def with_sample(self, role: str, row: int, sample: Sample, /) -> Self:
        """Return the data with another sample in a row."""
        ...

    def shuffled(self, seed: int, /) -> Self:
        """Return the samples in another order, which moves no score."""
        ...

    def permuted(self, seed: int, /) -> Self:
        """Return the samples with references dealt out at random: the level of chance."""
        ...

    def shards(self) -> list[Self]:
        """Return parts whose predictions are those of the whole; one if samples are compared."""
        ...
