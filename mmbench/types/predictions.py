"""Predictions with their references, and the feature requests of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from mmbench.columns import Table, column, patch_rows, rows_not_none, table
from mmbench.types.content import Content, Modality, Role
from mmbench.types.requests import GenerationConfig, ScoreScale

Rank: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]


class Ranking(Struct, frozen=True, omit_defaults=True):
    """The ranks of the relevant documents (positives) of one query.

    `ranks` start at 1 and ascend. A None at the end stands for a positive without a rank. If
    `depth` is set, an approximate index returned only `depth` documents, and the rank is unknown.
    If `depth` is None, the whole corpus was searched, and the index did not return the document.
    `grades` are relevance grades in the order of `ranks`. `top` holds the ids of the first few
    documents, for inspection.

    The last `failed` positives failed or are not in the corpus: they count as never retrieved, at
    any `depth`. `failed_others` is the number of failed documents that are not relevant to the
    query; the ranks do not count these documents. `size` is the number of documents, including
    failed documents; None if unknown. `gap` is the query's term of the modality gap
    (`mmbench.search.gaps`); None unless a run has this metric. `subset` are the ranks of the
    positives within a subset of the corpus that belongs to the query, ascending; it is empty if the
    query has no subset.
    """

    ranks: list[Rank | None]
    grades: list[float]
    top: list[str] = field(default_factory=list)
    depth: int | None = None
    failed: int = 0
    failed_others: int = 0
    size: int | None = None
    gap: float | None = None
    subset: list[Rank | None] = field(default_factory=list)


class Prediction(Struct, frozen=True):
    """A model output (`value`) with its reference (`target`), or the `error` of a failed sample.

    The target of a failed retrieval query is a Ranking in which no positive is retrieved. `inputs`
    are the inputs of the sample, for metrics that use them (CLIPScore uses the image). `scores` is
    the scale of `value` if the value holds class scores, otherwise "".
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

    `failures` holds the id and the reason of each failed sample. `notes` are remarks on the outputs
    for readers of the scores. `search` holds a report on each approximate search. `alternatives`
    are the rankings of further indexes by factory string, which are compared and not scored.
    `reasoning` maps sample ids to the reasoning before the output; metrics do not get it. `tokens`
    maps sample ids to numbers of generated tokens, None if unknown.
    """

    directions: Directions
    failures: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    search: dict[str, dict[str, Any]] = field(default_factory=dict)
    alternatives: dict[str, Predictions] = field(default_factory=dict)
    reasoning: dict[str, str] = field(default_factory=dict)
    tokens: Mapping[str, int | None] = field(default_factory=dict)

    def each(self) -> Iterator[Prediction]:
        """Yield the predictions of all directions and splits in order."""
        return chain.from_iterable(self.splits())

    def splits(self) -> Iterator[Sequence[Prediction]]:
        """Yield the splits of all directions in order."""
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
        """Return the id and the error of each failed prediction."""
        errors = [(column(split, "id"), column(split, "error")) for split in self.splits()]
        by_id = {ids[row]: why[row] for ids, why in errors for row in rows_not_none(why)}
        return list(by_id.items())


def tagged(
    predictions: Sequence[Prediction], tags: Mapping[int, Mapping[str, str]]
) -> Table[Prediction]:
    """Return the predictions with more `tags` on some rows: {row: {tag name: value}}."""
    whole = table(Prediction, predictions)
    own = whole.columns["tags"]
    return whole.with_columns(
        tags=patch_rows(own, {row: own[row] | more for row, more in tags.items()})
    )


# The features of one prediction, by name, for k contents: embeddings or class scores [k, d],
# log-likelihoods with token counts [k, 2], k texts, or k lists of Detections.
Features = dict[str, Any]
FeatureMethod = Literal["embed", "classify", "write", "loglikelihood", "match_tokens", "detect"]


class ModelFile(Struct, frozen=True):
    """A checkpoint file of a metric's model; the user gives its path with a flag, `--OPTION FILE`.

    `hint` completes the error message "metric NAME needs …": what to type, and where to get the
    file.
    """

    option: str
    hint: str


class FeatureRequest(Struct, frozen=True):
    """A metric's request for outputs of a model other than the evaluated one.

    `contents` is a function that returns the contents for a prediction, by name: {"image": [image],
    "references": [text, text]}. Their type depends on `method`: contents for "embed" and
    "classify", conversations for "write", ContinuationRequests for "loglikelihood", MatchRequests
    for "match_tokens", images for "detect", which looks for the classes `labels`. `modalities` maps
    each name of contents to a modality and a role. `model` is the default model. `variants` maps
    arguments of the metric, such as `tf` of `fid@tf`, to a model and its options; any other
    argument is the name of a model. `files` maps models to the checkpoint files that the user must
    provide. `model_options` names the options of the metric that are options of the model. If
    `normalise` is true, embeddings are L2-normalised. `generation` has the settings of generated
    texts. `media` are modalities that conversations contain in addition to those of `modalities`.
    If `chosen_by` is the name of a run setting, such as `judge`, this setting names the model
    (`--judge MODEL`) unless the metric's name does.

    The request may depend on the argument in brackets of the metric's name and on its options:
    `configure` then returns the request for them; its model and model options are ignored.

    The metric is called with `features`, a list with one dict per prediction. A prediction fails if
    one of its contents fails in the model. If `failed` is true, the metric also gets the features
    of failed predictions: real images are then used even if the generation of their counterparts
    failed.

    `then` is a request to a further model, with other names of contents. If `uses_features` is
    true, its `contents` is called with the prediction and with the features of the requests before
    it. `METRIC@A,B` names both models, and `METRIC@,B` only the second. Options of the metric apply
    to the first.
    """

    contents: Callable[..., dict[str, list[Any]]]
    modalities: dict[str, tuple[Modality, Role]]
    method: FeatureMethod = "embed"
    model: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    variants: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, ModelFile] = field(default_factory=dict)
    normalise: bool = True
    failed: bool = False
    model_options: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    uses_features: bool = False
    then: FeatureRequest | None = None
    generation: GenerationConfig = GenerationConfig()
    media: frozenset[Modality] = frozenset()
    chosen_by: Literal["", "judge"] = ""
    configure: Callable[[str, Mapping[str, object]], FeatureRequest] | None = None

    def chain(self) -> list[FeatureRequest]:
        """Return this request and the requests that follow it."""
        return [self, *(self.then.chain() if self.then else [])]

    def with_models(self, text: str) -> FeatureRequest:
        """Return the request with other models: their names, separated by commas if it has several.

        An empty name keeps the default model. `text` may also hold names of `variants`.
        """
        name, _, others = text.partition(",") if self.then else (text, "", "")
        then = self.then.with_models(others) if self.then else None
        if not name:
            return replace(self, then=then)
        model, options = self.variants.get(name, (name, {}))
        return replace(self, model=model, options=options, then=then)
