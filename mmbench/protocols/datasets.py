"""The interface of data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol, Self, runtime_checkable

from msgspec import Struct

from mmbench.columns import Places
from mmbench.types import Content, Outputs, Sample

Reads = Literal["table", "json", "text", "folder"]


class SourceInfo(Struct, frozen=True):
    """The declaration of a data source, which mmbench reads before it runs the source.

    `reads` are the accepted file formats: `table` (CSV, TSV, JSONL, Parquet), `json` (JSON and
    JSONL), `text` (lines), `folder`. `hub` is true if the source can load from the Hugging Face hub
    without a path. `own_data` is true if the source reads the user's own data, through the task
    with the same name. `any_layout` is true if it reads every layout of own data, so that `--data`
    may also be an id on the hub or a pattern.
    """

    reads: frozenset[Reads] = frozenset({"table", "json"})
    hub: bool = False
    own_data: bool = False
    any_layout: bool = False


class Dataset(Protocol):
    """The samples of a task, by role, with their references or query-document links.

    Data sources return a Dataset: `mmbench.Samples`, `mmbench.RetrievalData`, or a type defined by
    a plugin's kind. It is immutable; methods return new data sets. Media are references; nothing is
    decoded.
    """

    @property
    def source(self) -> dict[str, str]:
        """Return the origin of the data, for the record.

        The key `doubt` says why the data may differ from the data of the task.
        """
        ...

    @property
    def group_name(self) -> str:
        """Return the name of the groups of samples ("speaker"), "" if there are no groups."""
        ...

    @property
    def optional_tags(self) -> list[str]:
        """Return the names of tags that samples have only if the data files contain them."""
        ...

    def by_role(self) -> Mapping[str, Sequence[Sample]]:
        """Return the samples by role; the first role is that of the queries."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the number of samples by role, for the record."""
        ...

    def limit(self, n: int, /) -> Self:
        """Return the first n samples, with their references or links."""
        ...

    def contents(
        self, fields: Mapping[str, str], both: bool, /
    ) -> Iterator[tuple[str, str, Content]]:
        """Yield (role, sample id, content) for each content that the data hash covers.

        `fields` is the key `fields` of the task. `both` is true if the task searches in both
        directions.
        """
        ...

    def targets_hash(self) -> bytes:
        """Return a digest of the references or links, for the data hash."""
        ...

    def notes(self) -> list[str]:
        """Return remarks on the data for readers of the scores."""
        ...

    def match(self, outputs: Outputs, *, partial: bool = False) -> tuple[Self, Outputs]:
        """Return the data and the outputs of another program, both reduced to the ids they share.

        Raises DataError for samples without an output, unless `partial` is true, and for outputs
        without a sample.
        """
        ...

    def with_group_tags(self) -> Self:
        """Return the data with the group of each sample as a further tag, if groups have a name."""
        ...

    def with_sample(self, role: str, row: int, sample: Sample, /) -> Self:
        """Return the data with another `sample` in row `row` of a role."""
        ...

    def shuffled(self, seed: int, /) -> Self:
        """Return the samples in a random order; no score depends on the order."""
        ...

    def permuted(self, seed: int, /) -> Self:
        """Return the samples with randomly permuted references, to measure the chance level."""
        ...

    def shards(self) -> list[Self]:
        """Split the data into parts that can be predicted independently.

        If predictions compare samples with each other, return a single part.
        """
        ...


@runtime_checkable
class Divisible(Protocol):
    """A Dataset of which a model can be evaluated on a part of the test samples.

    Test samples are the samples of the first role in `by_role`, such as the queries of a retrieval
    task.
    """

    def test_rows(self) -> Places:
        """Return the rows [n] int64 of the test samples that are scored, ascending."""
        ...

    def part(self, rows: Places, /) -> Self:
        """Return the data with only the test samples in `rows`, in this order.

        All other roles stay whole: a corpus, training samples, class names.
        """
        ...
