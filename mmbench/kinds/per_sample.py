"""What the kinds share in which every sample gets one answer: one prediction per sample."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from mmbench.errors import DataError, SpecError
from mmbench.text import listed
from mmbench.types import (
    Broken,
    Content,
    Media,
    Outputs,
    Prediction,
    Sample,
    Samples,
    TaskSpec,
)

Directions = dict[str, list[list[Prediction]]]


class PerSample(ABC):
    """The base of `writing`, `classification`, `drawing` and `rating`; its data is a Samples.

    A kind says what a value may be (`value`), and what a baseline would answer (`blind`).
    """

    ability: type | None = None  # no adapter of this kind yet: its outputs are scored
    baselines: tuple[str, ...] = ("oracle", "constant", "random", "empty")

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse a spec that this kind cannot run. Raises SpecError."""
        if index != "exact":
            raise SpecError(f"task {spec.name}: --index is for retrieval; leave it out")

    def directions(self, spec: TaskSpec) -> list[str]:
        """One direction without a name."""
        return [""]

    def limit(self, data: Samples, n: int) -> Samples:
        """The first n samples."""
        return Samples(data.samples[:n], data.labels, data.source)

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
            target = None if isinstance(sample.target, Media) else sample.target
            state.update(repr((sample.id, target)).encode("utf-8", "surrogatepass"))
        state.update(repr(data.labels).encode())
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

    def signature(self, index: str) -> str:
        """Nothing but the metrics' own signatures."""
        return ""

    def match(
        self, data: Samples, outputs: Outputs, *, partial: bool = False
    ) -> tuple[Samples, Outputs]:
        """Data and outputs of the same ids; outputs without ids take those of the samples in order.

        Raises DataError that lists samples without an output (`partial` leaves these out), and
        outputs without a sample.
        """
        ids = [sample.id for sample in data.samples]
        if outputs.positional:
            outputs = _with_ids(outputs, ids)
        refuse_unmatched(ids, outputs.values, partial=partial)
        kept = [sample for sample in data.samples if sample.id in outputs.values]
        return Samples(kept, data.labels, data.source), outputs

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
            tags = sample.tags | outputs.tags.get(sample.id, {})
            found.append(prediction(sample, given, tags))
        return {"": [found]}, {}

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


def _with_ids(outputs: Outputs, ids: list[str]) -> Outputs:
    if len(outputs.values) != len(ids):
        raise DataError(
            f"{len(outputs.values)} outputs without ids for {len(ids)} samples: give ids with them"
        )
    return msgspec.structs.replace(
        outputs,
        values=dict(zip(ids, outputs.values.values(), strict=True)),
        tags={ids[int(row)]: tags for row, tags in outputs.tags.items()},
        positional=False,
    )


def refuse_unmatched(ids: list[str], given: Any, *, partial: bool) -> None:
    """Raise DataError for samples without an output (not if `partial`), and the other way round."""
    known = set(ids)
    missing = [] if partial else [ident for ident in ids if ident not in given]
    extra = [ident for ident in given if ident not in known]
    problems = []
    if missing:
        problems.append(f"{len(missing)} of {len(ids)} samples have no output: {listed(missing)}")
    if extra:
        problems.append(f"{len(extra)} outputs belong to no sample: {listed(extra)}")
    if problems:
        hint = "; --partial scores what is there" if missing and not extra else ""
        raise DataError("; ".join(problems) + hint)
    if ids and not known & set(given):
        raise DataError("no sample has an output")


def prediction(sample: Sample, value: Any, tags: dict[str, str]) -> Prediction:
    """What was said of a sample beside its target; a Broken value is a failed prediction."""
    if isinstance(value, Broken):
        return Prediction(
            sample.id, target=sample.target, error=value.reason, group=sample.group, tags=tags
        )
    return Prediction(
        sample.id,
        value=value,
        target=sample.target,
        group=sample.group,
        tags=tags,
        inputs=sample.inputs,
    )
