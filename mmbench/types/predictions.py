"""Answers beside references, and what a metric wants besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.columns import Table, column, patched, rows_not_none, table
from mmbench.types.content import Content, Modality, Role
from mmbench.types.requests import ScoreScale


class Ranking(Struct, frozen=True):
    """Where the positives of one query stand.

    `ranks` from 1, ascending. None, last, for a positive that was not found: beyond the `depth` an
    approximate index looked at, so that nobody knows its rank; or, where `depth` is None and all
    the corpus was looked at, not returned at all. `grades` in the order of `ranks`. `top` holds the
    first few document ids, as evidence.

    The last `failed` positives could not be ranked, because they failed or are not in the corpus:
    they are never retrieved, whatever the `depth`. `failed_others` counts the failed documents that
    are not relevant to the query; ranks do not count them. `size` is the number of documents, the
    failed ones included, where it is known.
    """

    ranks: list[int | None]
    grades: list[float]
    top: list[str] = field(default_factory=list)
    depth: int | None = None
    failed: int = 0
    failed_others: int = 0
    size: int | None = None


class Prediction(Struct, frozen=True):
    """What was said beside what was right. A failed one has `error` and no value.

    The target of a failed query is a Ranking that retrieved none of its positives. `inputs` are
    those of the sample, for a metric that looks at them (CLIPScore at the image). `scores` says
    what a value of scores by class holds; it is "" for other values.
    """

    id: str
    value: Any = None
    target: Any = None
    error: str | None = None
    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Content] = field(default_factory=dict)
    scores: ScoreScale = ""


Directions = Mapping[str, Sequence[Sequence[Prediction]]]  # by direction and split


class Predictions(Struct, frozen=True):
    """The predictions of a task, by direction and split.

    `failures` are id and reason of each sample that failed of itself, `notes` what a reader of the
    scores should know of the answers, `search` what an approximate index reports, by search.
    """

    directions: Directions
    failures: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    search: dict[str, dict[str, Any]] = field(default_factory=dict)

    def each(self) -> Iterator[Prediction]:
        """Yield the predictions of all directions and splits in their order."""
        return chain.from_iterable(self.splits())

    def splits(self) -> Iterator[Sequence[Prediction]]:
        """Yield the splits of all directions in their order."""
        return chain.from_iterable(self.directions.values())

    def mapped(self, function: Callable[[Prediction], Prediction]) -> Predictions:
        """Return the predictions with a function applied to each."""
        return self.with_splits(lambda split: [function(p) for p in split])

    def with_splits(
        self, function: Callable[[Sequence[Prediction]], Sequence[Prediction]]
    ) -> Predictions:
        """Return the predictions with a function applied to each split."""
        directions = {name: list(map(function, splits)) for name, splits in self.directions.items()}
        return replace(self, directions=directions)

    def failed(self) -> list[tuple[str, str]]:
        """Return id and error of each sample whose prediction failed."""
        errors = [(column(split, "id"), column(split, "error")) for split in self.splits()]
        by_id = {ids[row]: why[row] for ids, why in errors for row in rows_not_none(why)}
        return list(by_id.items())


def tagged(
    predictions: Sequence[Prediction], tags: Mapping[int, Mapping[str, str]]
) -> Table[Prediction]:
    """Return predictions of which a few have further tags: {row: {name: value}}."""
    whole = table(Prediction, predictions)
    own = whole.columns["tags"]
    return whole.having(tags=patched(own, {row: own[row] | more for row, more in tags.items()}))


# What a metric gets of a prediction from the model it wants, by name: vectors [k, d], a row per
# content, or k texts.
Features = dict[str, Any]


class ModelFile(Struct, frozen=True):
    """The checkpoint of a metric's model that the user gives as a file: `--OPTION FILE`.

    `hint` ends the sentence "metric NAME needs …": what to type, and where the file is published.
    """

    option: str
    hint: str


class FeatureRequest(Struct, frozen=True):
    """What a metric wants embedded, or written down, by a model that is not the one measured.

    `contents` gives of a prediction, by name, what is to be embedded: {"image": [image],
    "references": [text, text]}; where the `method` is write, conversations. `modalities` says of
    which modality each name is, and its role. `model` is the default one; `variants` says what an
    argument such as `tf` of `fid@tf` stands for (a model and its options); any other argument is
    the name of a model itself. `files` says of which of these models the user gives the checkpoint
    as a file. A prediction whose content fails in the model is failed. The metric is called with
    `features`, one dict for each prediction. With `failed` it also gets what `contents` gives of
    predictions that failed: a set of real images is whole whatever was drawn.
    """

    contents: Callable[[Prediction], dict[str, list[Any]]]
    modalities: dict[str, tuple[Modality, Role]]
    method: Literal["embed", "write"] = "embed"
    model: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    variants: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, ModelFile] = field(default_factory=dict)
    normalise: bool = True
    failed: bool = False
