"""Writing: a text for each sample. Captions, answers, transcripts differ in prompt and metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mmbench.alternatives import first_reading, pieces_of
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.conversation import check_prompt, conversation, modality_of
from mmbench.kinds.per_sample import Directions, PerSample, dealt_out
from mmbench.protocols import Writes
from mmbench.text import count, part_of
from mmbench.types import (
    Answers,
    Broken,
    Outputs,
    Requests,
    Said,
    Sample,
    TaskSpec,
    Written,
)

# Metrics of free answers, which do not read options; of vqa_accuracy all variants.
_FREE = ("exact_match", "contains", "anls", "relaxed_accuracy", "vqa_accuracy")
_HEDGED = 20  # answers that the hedging baseline gives at once


class Writing(PerSample):
    """The kind `writing`. A value is a text."""

    ability: type = Writes
    baselines = ("oracle", "constant", "random", "empty", "hedge")
    no_answer = ""

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse an index, and a prompt that no field fills. Raises SpecError."""
        super().check(spec, index)
        check_prompt(spec)

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """A conversation for each sample. Raises DataError for options among free answers."""
        _refuse_options(spec, data)
        asked = [conversation(spec, sample) for sample in data.samples]
        modality = modality_of([part for turns in asked for turn in turns for part in turn.parts])
        options = spec.generation.seeded(seed)
        return {"sample": Requests(asked, modality, method="write", options=options)}

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """The texts."""
        found: Said = answers["sample"]
        return [
            Broken(found.failures[row]) if row in found.failures else written.text
            for row, written in enumerate(found.values)
        ]

    def notes(self, data: Samples) -> list[str]:
        """Say how many samples have no medium where others have one."""
        alone = sum(all(isinstance(c, str) for c in s.inputs.values()) for s in data.samples)
        if alone in (0, len(data.samples)):
            return []
        return [f"{part_of(alone, len(data.samples), 'sample')} no image, sound or video"]

    def told(self, answers: Mapping[str, Answers | Said], data: Samples) -> list[str]:
        """How many answers were cut off by the token limit."""
        found = answers.get("sample")
        values = found.values if isinstance(found, Said) else []
        cut = sum(isinstance(one, Written) and one.finish == "length" for one in values)
        verb = "was" if cut == 1 else "were"
        return [f"{count(cut, 'answer')} met the token limit and {verb} cut off"] if cut else []

    def extras(self, answers: Mapping[str, Answers | Said], row: int) -> dict[str, str]:
        """Marks an answer that was cut off."""
        found = answers["sample"]
        written = found.values[row] if isinstance(found, Said) else None
        return {"finish": "length"} if written and written.finish == "length" else {}

    def value(
        self, spec: TaskSpec, sample: Sample, given: Any, data: Samples, outputs: Outputs
    ) -> str:
        """The text itself; a number becomes its decimal text."""
        if isinstance(given, str):
            return given
        if isinstance(given, int | float) and not isinstance(given, bool):
            return str(given)
        what = "scores of classes (.npy)" if hasattr(given, "ndim") else repr(given)
        raise DataError(f"task {spec.name}: the output for {sample.id} is {what}: a text is needed")

    def baseline(
        self, who: str, spec: TaskSpec, data: Samples, seed: int
    ) -> tuple[Directions, dict[str, Any]]:
        """The predictions of a baseline. Raises DataError for options among free answers."""
        _refuse_options(spec, data)
        return super().baseline(who, spec, data, seed)

    def blind(self, who: str, data: Samples, seed: int) -> list[str]:
        """The best answer, the most common one, another sample's, nothing, or many at once."""
        best = [best_answer(sample.target) for sample in data.samples]
        usable = [
            answer
            for answer, sample in zip(best, data.samples, strict=True)
            if not isinstance(sample.target, Broken)
        ]
        common = [answer for answer, _ in sorted(Counter(usable).items(), key=_by_count)]
        if who == "oracle":
            return best
        if who == "random":
            return dealt_out(best, [sample.id for sample in data.samples], seed)
        said = {"constant": common[:1], "empty": [], "hedge": common[:_HEDGED]}[who]
        return [" ".join(said)] * len(best)


def _refuse_options(spec: TaskSpec, data: Samples) -> None:
    """Refuse options where a metric of the task is one of free answers. Raises DataError."""
    free = any(name.startswith(_FREE) for name in spec.metrics)
    for sample in data.samples if free else []:
        if isinstance(sample.target, dict) and "options" in sample.target:
            raise DataError(
                f"sample {sample.id}: has options, which task {spec.name} does not score: take"
                " -t choices or a task of kind choice"
            )


def best_answer(target: Any) -> str:
    """The answer that a target calls right: of several the most common, then the first.

    Of options {"answer": "B", …} the letter; of a reference with alternatives the first of each; of
    a Broken target nothing.
    """
    if isinstance(target, Broken):
        return ""
    pieces = pieces_of(target)
    if pieces is not None:
        return first_reading(pieces)
    if isinstance(target, dict):
        return str(target["answer"])
    if isinstance(target, list):
        return str(Counter(target).most_common(1)[0][0]) if target else ""
    return str(target)


def _by_count(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]
