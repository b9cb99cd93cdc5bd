"""The base class of kinds with one output and one prediction per sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from inspect import unwrap
from typing import Any, ClassVar, TypeVar, cast

from mmbench.columns import (
    Keyed,
    Mappings,
    Repeated,
    Table,
    column,
    patch_rows,
    rows_of_type,
    table,
)
from mmbench.datasets import Samples
from mmbench.errors import DataError, UserError
from mmbench.kinds.returned import CHECKS, with_check
from mmbench.protocols import Needs, Responses
from mmbench.types import (
    Directions,
    GeneratedOutputs,
    InvalidContent,
    KindOptions,
    Outputs,
    Prediction,
    Predictions,
    Requests,
    Sample,
    TaskSpec,
)

T = TypeVar("T")


class PerSample(ABC):
    """The base class of kinds with one output per sample. Their data are a Samples object.

    A kind defines the requests to a model (`requests`), the values of a model's outputs (`values`),
    the values of another program's outputs (`accepted`), and the values of baselines
    (`baseline_values`). See `mmbench.protocols.Kind` for the class attributes. `ability` is the
    protocol that a model must implement; None means that no model is run and only outputs are
    scored. `sample_requests` are the keys of `requests` with one request per sample, in the order
    of the samples. If `joint` is true, the value of a sample depends on the outputs for other
    samples, as in a clustering; the kind then defines `predictions` instead of `values`.
    """

    Options: ClassVar[type[KindOptions]] = KindOptions
    dataset: ClassVar[type[Samples]] = Samples
    ability: ClassVar[type | None] = None
    baselines: ClassVar[tuple[str, ...]] = ("oracle", "constant", "random", "empty")
    no_answer: ClassVar[str | None] = None
    sample_requests: ClassVar[tuple[str, ...]] = ("sample",)
    joint: ClassVar[bool] = False
    options: KindOptions

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith("mmbench."):  # not checked, because that takes time
            return
        for name in CHECKS.keys() & vars(cls):
            setattr(cls, name, with_check(name, vars(cls)[name]))

    def __init__(self, task: TaskSpec, /) -> None:
        inherited = [
            name
            for name in ("requests", "predictions" if self.joint else "values")
            if unwrap(getattr(type(self), name)) is getattr(PerSample, name)
        ]
        if self.ability and inherited:
            raise UserError(
                f"kind {task.kind}: the class lacks {', '.join(inherited)}, which a kind with an"
                " `ability` needs; see `A kind` in docs/plugins.md"
            )
        self.task = task
        self.options = task.options_of(self.Options)

    def directions(self) -> list[str]:
        """Return `[""]`: these kinds have a single direction, which has no name."""
        return [""]

    def needs(self) -> Needs | None:
        """Return the ability that a model needs; None if no model is run."""
        return Needs(self.ability) if self.ability else None

    def check(self, _data: Samples, /) -> None:
        """Accept all data; a subclass may reject data that it cannot use."""
        return

    def needs_all(self, _data: Samples, /) -> str:
        """Return why the task needs all samples of the data; "" if a part can be evaluated."""
        return "the prediction for a sample depends on the other samples" if self.joint else ""

    def requests(self, data: Samples, seed: int, /) -> dict[str, Requests]:
        """Return the requests to the model, by the name of the request."""
        raise NotImplementedError(f"kind {self.task.kind} runs no model")

    def values(self, data: Samples, responses: Responses, /) -> Sequence[object]:
        """Return the value of each sample from a model's responses; InvalidContent if it failed."""
        raise NotImplementedError(f"kind {self.task.kind} runs no model")

    @abstractmethod
    def accepted(self, data: Samples, outputs: Outputs, /) -> Sequence[object]:
        """Return the value of each sample from another program's outputs, one per sample.

        `each_output` converts outputs one by one. Raises DataError, with the sample's id, for an
        output that the kind cannot score.
        """

    @abstractmethod
    def baseline_values(self, name: str, data: Samples, seed: int, /) -> Sequence[object]:
        """Return the values that the baseline called `name` predicts, one per sample."""

    def failures(self, data: Samples, responses: Responses, /) -> list[tuple[str, str]]:
        """Return (id, reason) of each sample with a failed request."""
        failed: dict[int, str] = {}
        if responses.keys().isdisjoint(self.sample_requests):
            expected, returned = ", ".join(self.sample_requests), ", ".join(responses)
            raise UserError(
                f"kind {self.task.kind}: `sample_requests` names {expected}, but `requests`"
                f" returned {returned}; name in it exactly the requests with one item per sample"
            )
        for name in self.sample_requests:
            failed |= responses[name].failures if name in responses else {}
        return [(data.samples[row].id, reason) for row, reason in sorted(failed.items())]

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return predictions: the values of a model's outputs together with the references."""
        split = prediction_table(data.samples, self.values(data, responses))
        return Predictions({"": [split]}, self.failures(data, responses))

    def accept(self, data: Samples, outputs: Outputs, /) -> Predictions:
        """Return predictions: the values of another program's outputs together with the references.

        Raises DataError, with the sample's id, for an output that the kind cannot score.
        """
        if outputs.embeddings:
            raise DataError(
                f"task {self.task.name}: embeddings can only be scored on retrieval tasks; give"
                " another file of outputs"
            )
        values = self.accepted(data, outputs)
        split = prediction_table(data.samples, values, _tags(data.samples, outputs))
        return with_failures({"": [split]})

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return the predictions of the baseline called `name`, which is one of `baselines`."""
        values = self.baseline_values(name, data, seed)
        return with_failures({"": [prediction_table(data.samples, values)]})

    def signature(self, _data: Samples, /) -> str:
        """Return "", which adds nothing to the signatures of scores."""
        return ""


def each_output(
    task: TaskSpec, data: Samples, outputs: Outputs, read: Callable[[object, str], object]
) -> list[object]:
    """Return the value of each sample, converted from its output by `read`.

    An output that is InvalidContent remains unchanged. `read` gets an output and the beginning of
    its error messages, such as "task t: the output for 17", and returns a value.
    """
    ids = column(data.samples, "id")
    return [
        value
        if isinstance(value, InvalidContent)
        else read(value, f"task {task.name}: the output for {ident}")
        for ident, value in zip(ids, Keyed.from_mapping(outputs.values).look_up(ids), strict=True)
    ]


def _tags(samples: Sequence[Sample], outputs: Outputs) -> Sequence[Mapping[str, str]]:
    """Return the tags of each sample, merged with the tags of its output."""
    own, output_tags, ids = column(samples, "tags"), outputs.tags, column(samples, "id")
    if not output_tags:
        return own
    output_columns = output_tags.look_up(ids) if isinstance(output_tags, Keyed) else ()
    # If a sample and its output have the same tag, the tag of the sample is kept.
    if isinstance(own, Mappings) and isinstance(output_columns, Mappings):
        return Mappings({**output_columns.columns, **own.columns}, len(ids))
    pairs = zip(ids, own, strict=True)
    return Mappings.from_rows([{**output_tags.get(ident, {}), **tags} for ident, tags in pairs])


def prediction_table(
    samples: Sequence[Sample],
    values: Sequence[object],
    tags: Sequence[Mapping[str, str]] | None = None,
) -> Table[Prediction]:
    """Return a table of predictions, made from samples and their values.

    `tags` replace the tags of the samples if given. A prediction has failed if its value or its
    reference is InvalidContent.
    """
    rows = table(Sample, samples, ("inputs", "tags")).columns
    targets, inputs, n = rows["target"], rows["inputs"], len(samples)
    broken_targets = {row: targets[row].reason for row in rows_of_type(targets, InvalidContent)}
    broken = cast("Sequence[InvalidContent]", values)
    broken_values = {row: broken[row].reason for row in rows_of_type(values, InvalidContent)}
    failed = dict(sorted((broken_values | broken_targets).items()))
    columns = {
        "id": rows["id"],
        "value": patch_rows(values, dict.fromkeys(failed)),
        "target": patch_rows(targets, dict.fromkeys(broken_targets)),
        "error": patch_rows(Repeated(None, n), failed),
        "group": rows["group"],
        "tags": rows["tags"] if tags is None else tags,
        "inputs": patch_rows(inputs, {row: {} for row in failed}),
        "scores": Repeated("", n),
    }
    return Table(Prediction, columns)


def with_failures(directions: Directions) -> Predictions:
    """Return Predictions for the given directions, including the list of failed samples."""
    predictions = Predictions(directions)
    return Predictions(directions, predictions.failed())


def hash_number(seed: int, ident: str) -> int:
    """Return a 64-bit hash of a seed and a sample id, to draw random numbers for the sample.

    The numbers do not depend on the order of the data.
    """
    drawn = blake2b(f"{seed}/{ident}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(drawn.digest(), "little")


def permute_answers(answers: list[T], ids: list[str], seed: int) -> list[T]:
    """Return the answers, permuted: each sample gets the answer of the next sample.

    The order of the samples is the order of the hashes of `seed` and id.
    """
    order = sorted(range(len(ids)), key=lambda row: hash_number(seed, ids[row]))
    permuted = list(answers)
    for row, other in zip(order, order[1:] + order[:1], strict=True):
        permuted[row] = answers[other]
    return permuted


def decoded_answers(
    generated: GeneratedOutputs, read: Callable[[Any], T] = lambda answer: answer
) -> list[T | InvalidContent]:
    """Return generated outputs, converted by `read`; a failed output becomes InvalidContent."""
    return [
        InvalidContent(generated.failures[row]) if row in generated.failures else read(value)
        for row, value in enumerate(generated.values)
    ]
