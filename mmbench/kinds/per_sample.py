"""What the kinds share in which every sample gets one answer: one prediction per sample."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.matching import with_sample_ids, without_data_tags
from mmbench.text import count, listed, part_of
from mmbench.types import (
    Answers,
    Broken,
    Content,
    Media,
    Modality,
    Outputs,
    Prediction,
    Requests,
    Said,
    Sample,
    TaskSpec,
)

T = TypeVar("T")

_MEDIA = {"image", "audio", "video"}
Directions = dict[str, list[list[Prediction]]]


class PerSample(ABC):
    """The base of the kinds in which a model answers each sample; their data is a Samples.

    A kind says what a model is asked (`requests`), what its answers say (`said`), what a value may
    be that somebody gives (`value`), and what a baseline would answer (`blind`).
    """

    ability: type | None = None  # None: no model is run, its outputs are scored
    baselines: tuple[str, ...] = ("oracle", "constant", "random", "empty")
    no_answer: Any = None  # the value that an output without an answer gets; None: it fails

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse a spec that this kind cannot run. Raises SpecError."""
        if index != "exact":
            raise SpecError(f"task {spec.name}: --index is for retrieval; leave it out")

    def needs(self, spec: TaskSpec) -> type | None:
        """The protocol that a model must fulfil; None where no model is run."""
        return self.ability

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """What the model is asked, by name."""
        raise NotImplementedError(f"kind {spec.kind} runs no model")

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """The value of each sample, a Broken for one that failed."""
        raise NotImplementedError(f"kind {spec.kind} runs no model")

    def told(self, answers: Mapping[str, Answers | Said], data: Samples) -> list[str]:
        """What a reader of the scores should know of the answers."""
        return []

    def extras(self, answers: Mapping[str, Any], row: int) -> dict[str, str]:
        """Tags of a sample that its answer brings."""
        return {}

    def failures(self, data: Samples, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Id and reason of each sample that failed."""
        failed = sorted(answers["sample"].failures.items())
        return [(data.samples[row].id, reason) for row, reason in failed]

    def predict(
        self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any], index: str
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions from a model's answers, in their one direction."""
        values = self.said(spec, data, answers)
        found = [
            prediction(sample, value, sample.tags | self.extras(answers, row))
            for row, (sample, value) in enumerate(zip(data.samples, values, strict=True))
        ]
        return {"": [found]}, {}

    def directions(self, spec: TaskSpec) -> list[str]:
        """One direction without a name."""
        return [""]

    def limit(self, data: Samples, n: int) -> Samples:
        """The first n samples."""
        return msgspec.structs.replace(data, samples=data.samples[:n])

    def sizes(self, data: Samples) -> dict[str, int]:
        """How many samples there are."""
        return {"sample": len(data.samples)}

    def samples(self, data: Samples) -> dict[str, list[Sample]]:
        """The samples, under the one name that they have here."""
        return {"sample": data.samples}

    def links(self, data: Samples) -> bytes:
        """A digest of the targets, which with the questions says what was asked of."""
        state = blake2b(digest_size=16)
        for sample in data.samples:
            target = None if isinstance(sample.target, Media | Broken) else sample.target
            state.update(repr((sample.id, target)).encode("utf-8", "surrogatepass"))
        state.update(repr(data.labels).encode())
        if data.templates:
            state.update(repr(data.templates).encode())
        return state.digest()

    def contents(self, spec: TaskSpec, data: Samples) -> Iterator[tuple[str, str, Content]]:
        """Of each sample what counts as asked: its texts, and a real image to compare with.

        The images that questions are about are not read: the outputs of others are scored without
        them, and their scores stand in one column with those of a run.
        """
        for sample in data.samples:
            texts = {name: c for name, c in sample.inputs.items() if isinstance(c, str)}
            asked = {name: texts[field] for name, field in spec.fields.items() if field in texts}
            yield "sample", sample.id, json.dumps(asked, sort_keys=True)
            if isinstance(sample.target, Media):
                yield "target", sample.id, sample.target

    def notes(self, data: Samples) -> list[str]:
        """What a reader of the scores should know of the data."""
        return []

    def signature(self, index: str, spec: TaskSpec, data: Samples) -> str:
        """What the way of asking adds to the metrics' own signatures: nothing."""
        return ""

    def match(
        self, data: Samples, outputs: Outputs, *, partial: bool = False
    ) -> tuple[Samples, Outputs]:
        """Data and outputs of the same ids; outputs without ids take those of the samples in order.

        Raises DataError that lists samples without an output (`partial` leaves these out), and
        outputs without a sample.
        """
        ids = [sample.id for sample in data.samples]
        outputs = with_sample_ids(data.samples, outputs)
        _refuse_strangers(ids, outputs, partial=partial)
        kept = [sample for sample in data.samples if sample.id in outputs.values]
        return msgspec.structs.replace(data, samples=kept), without_data_tags(kept, outputs)

    def accept(
        self, spec: TaskSpec, data: Samples, outputs: Outputs
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions from somebody's outputs, which have an answer for every sample.

        Raises DataError, naming the sample, for an answer that is not of this kind.
        """
        if outputs.embeddings:
            raise DataError(f"task {spec.name}: outputs with embeddings are for retrieval tasks")
        values = outputs.values
        found = []
        for sample in data.samples:
            given = values[sample.id]
            if not isinstance(given, Broken):
                given = self.value(spec, sample, given, data, outputs)
            tags = outputs.tags.get(sample.id, {}) | sample.tags
            found.append(prediction(sample, given, tags))
        return {"": [found]}, {}

    def output_failures(
        self, spec: TaskSpec, data: Samples, outputs: Outputs, directions: Directions
    ) -> list[tuple[str, str]]:
        """Id and reason of each sample whose output failed."""
        return failed_predictions(directions)

    def output_notes(self, data: Samples, outputs: Outputs, directions: Directions) -> list[str]:
        """What a reader of the scores should know of the outputs."""
        return []

    @abstractmethod
    def value(
        self, spec: TaskSpec, sample: Sample, given: Any, data: Samples, outputs: Outputs
    ) -> Any:
        """What was given for a sample, as the metrics take it. Raises DataError."""

    def baseline(
        self,
        who: str,
        spec: TaskSpec,
        data: Samples,
        seed: int,
    ) -> tuple[Directions, dict[str, Any]]:
        """What a model without eyes would say, and what one would that knows the answer."""
        values = self.blind(who, data, seed)
        pairs = zip(data.samples, values, strict=True)
        return {"": [[prediction(sample, value, sample.tags) for sample, value in pairs]]}, {}

    @abstractmethod
    def blind(self, who: str, data: Samples, seed: int) -> list[Any]:
        """The values of a baseline, one per sample."""


def chance(seed: int, ident: str) -> int:
    """A number of 64 bits that is a sample's own, whatever the order of the data."""
    drawn = blake2b(f"{seed}/{ident}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(drawn.digest(), "little")


def dealt_out(answers: list[T], ids: list[str], seed: int) -> list[T]:
    """Each sample gets the answer of another: the next one in an order drawn by the ids' hashes."""
    order = sorted(range(len(ids)), key=lambda row: chance(seed, ids[row]))
    given = list(answers)
    for row, other in zip(order, order[1:] + order[:1], strict=True):
        given[row] = answers[other]
    return given


def _refuse_strangers(ids: list[str], outputs: Outputs, *, partial: bool) -> None:
    """Refuse as `refuse_unmatched`, with the column that the ids are from."""
    try:
        refuse_unmatched(ids, outputs.values, partial=partial)
    except DataError as error:
        if not outputs.id_column or outputs.values.keys() <= set(ids):
            raise
        hint = f"the ids are in column {outputs.id_column}: --field id=NAME chooses another"
        raise DataError(f"{error}; {hint}") from error


def refuse_unmatched(ids: list[str], given: Any, *, partial: bool) -> None:
    """Raise DataError for samples without an output (not if `partial`), and the other way round."""
    known = set(ids)
    missing = [] if partial else [ident for ident in ids if ident not in given]
    extra = [ident for ident in given if ident not in known]
    problems = []
    if missing:
        problems.append(f"{part_of(len(missing), len(ids), 'sample')} no output: {listed(missing)}")
    if extra:
        verb = "belongs" if len(extra) == 1 else "belong"
        problems.append(f"{count(len(extra), 'output')} {verb} to no sample: {listed(extra)}")
    if problems:
        raise DataError("; ".join(problems) + _hint(missing, extra, known))
    if ids and not known & set(given):
        raise DataError("no sample has an output")


def _hint(missing: list[str], extra: list[str], known: set[str]) -> str:
    """What to type where samples have no output, or outputs no sample."""
    folded = {ident.casefold() for ident in known} if extra else set()
    if any(ident.casefold() in folded for ident in extra):
        return "; --fold-ids matches ids that differ in case alone"
    return "; --partial scores what is there" if missing and not extra else ""


def prediction(sample: Sample, value: Any, tags: dict[str, str]) -> Prediction:
    """The output for a sample with its reference.

    The prediction has failed where the value is Broken, or the reference is.
    """
    broken = sample.target if isinstance(sample.target, Broken) else value
    if isinstance(broken, Broken):
        target = None if broken is sample.target else sample.target
        return Prediction(
            sample.id, target=target, error=broken.reason, group=sample.group, tags=tags
        )
    return Prediction(
        sample.id,
        value=value,
        target=sample.target,
        group=sample.group,
        tags=tags,
        inputs=sample.inputs,
    )


def failed_predictions(directions: Directions) -> list[tuple[str, str]]:
    """Return id and reason of each sample whose prediction failed."""
    failed = {p.id: p.error for splits in directions.values() for s in splits for p in s if p.error}
    return list(failed.items())


def check_medium(spec: TaskSpec) -> None:
    """Refuse fields that are not media. Raises SpecError."""
    if not spec.fields or not _MEDIA.issuperset(spec.fields):
        raise SpecError(
            f"task {spec.name}: fields of a {spec.kind} task are media, e.g."
            " `fields: {image: image}`"
        )


def medium_of(spec: TaskSpec, sample: Sample) -> Content:
    """The medium that a sample is about: the one field that it has. Raises DataError."""
    found = [field for field in spec.fields.values() if field in sample.inputs]
    usable = [field for field in found if not isinstance(sample.inputs[field], Broken)]
    if found and len(usable) < 2:
        return sample.inputs[(usable or found)[0]]
    if not found:
        raise DataError(
            f"task {spec.name}: sample {sample.id} has no {' or '.join(spec.fields.values())}:"
            " name its file in a column of that name"
        )
    raise DataError(
        f"task {spec.name}: sample {sample.id} has {' and '.join(usable)}, and a model is asked"
        f" about one: choose it in a task file, e.g. fields: {{{usable[0]}: {usable[0]}}}"
    )


def text_of(spec: TaskSpec, sample: Sample, name: str) -> str | Broken:
    """A text of a sample, by the name of its field. Raises DataError."""
    found = _input(spec, sample, spec.fields[name])
    if isinstance(found, Media):
        raise DataError(
            f"task {spec.name}: sample {sample.id} has no text in {spec.fields[name]!r}"
        )
    return found


def _input(spec: TaskSpec, sample: Sample, field: str) -> Content:
    found = sample.inputs.get(field)
    if found is None:
        has = f", only {', '.join(sample.inputs)}" if sample.inputs else ""
        raise DataError(f"task {spec.name}: sample {sample.id} has no {field}{has}")
    return found


def modality_in(spec: TaskSpec, data: Samples) -> Modality:
    """Return the modality of the media of the data, text where there are none.

    Raises DataError for data of several modalities: a model is asked about one at a time.
    """
    first: dict[Modality, str] = {}
    for sample in data.samples:
        medium = medium_of(spec, sample)
        if isinstance(medium, Media):
            first.setdefault(medium.modality, sample.id)
    if len(first) > 1:
        shown = ", ".join(f"{modality} of {ident}" for modality, ident in first.items())
        raise DataError(
            f"task {spec.name}: its media are of several kinds ({shown}): split the data"
        )
    return next(iter(first), "text")


def media_of(found: Said) -> list[Any]:
    """What was drawn or spoken, a Broken where it failed."""
    return [
        Broken(found.failures[row]) if row in found.failures else medium
        for row, medium in enumerate(found.values)
    ]
