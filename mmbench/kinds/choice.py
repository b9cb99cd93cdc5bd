"""Choice: one of the options of each sample, by the letter written or by the likeliest option."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise
from string import ascii_uppercase
from typing import Any

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.conversation import conversation, modality_of
from mmbench.kinds.writing import Writing
from mmbench.protocols import Rates, Writes
from mmbench.types import Answers, Broken, Continued, Requests, Sample, TaskSpec


class Choice(Writing):
    """The kind `choice`. A target is {"answer": letter, "options": [text, …]}, a value a text.

    With `choose: letter` the model writes, and the metric reads its answer. With `choose:
    likelihood` the answer is the option with the highest mean log-probability per token, as
    SEED-Bench ranks its options (Li et al. 2023, arXiv 2307.16125, section 3.3); equal ones go to
    the first.
    """

    def needs(self, spec: TaskSpec) -> type:
        """Writes, or Rates."""
        return Rates if spec.choose == "likelihood" else Writes

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """A conversation for each sample, with each of its options where these are rated."""
        options = [_options(sample) for sample in data.samples]
        if spec.choose == "letter":
            return super().requests(spec, data, seed)
        asked = [conversation(spec, sample) for sample in data.samples]
        rated = [
            Continued(turns, option)
            for turns, texts in zip(asked, options, strict=True)
            for option in texts
        ]
        modality = modality_of([part for turns in asked for turn in turns for part in turn.parts])
        return {"option": Requests(rated, modality, method="loglikelihood")}

    def failures(self, data: Samples, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Id and reason of each sample of which an option could not be rated."""
        if "option" not in answers:
            return super().failures(data, answers)
        found: Answers = answers["option"]
        reasons = [
            sample.target.reason
            if isinstance(sample.target, Broken)
            else _first(found.failures, *span)
            for sample, span in zip(data.samples, _spans(data), strict=True)
        ]
        pairs = zip(data.samples, reasons, strict=True)
        return [(sample.id, reason) for sample, reason in pairs if reason]

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """What was written, or the letter of the likeliest option."""
        if "option" not in answers:
            return super().said(spec, data, answers)
        return [
            sample.target
            if isinstance(sample.target, Broken)
            else _likeliest(answers["option"], *span)
            for sample, span in zip(data.samples, _spans(data), strict=True)
        ]

    def blind(self, who: str, data: Samples, seed: int) -> list[str]:
        """The letters of a baseline. Raises DataError for a sample without options."""
        for sample in data.samples:
            _options(sample)
        return super().blind(who, data, seed)

    def extras(self, answers: Mapping[str, Any], row: int) -> dict[str, str]:
        """Marks an answer that was cut off."""
        return super().extras(answers, row) if "sample" in answers else {}


def _options(sample: Sample) -> list[str]:
    """The options of a sample; none where its reference is Broken. Raises DataError."""
    target = sample.target
    if isinstance(target, Broken):
        return []
    options = target.get("options") if isinstance(target, dict) else None
    if not options or len(options) > len(ascii_uppercase):
        raise DataError(
            f"sample {sample.id}: 1 to 26 options are needed: give them in options, or in columns"
            " A, B, … (-t answers asks without options)"
        )
    return [str(option) for option in options]


def _spans(data: Samples) -> list[tuple[int, int]]:
    """Where the options of each sample stand among those of all."""
    sizes = (
        0 if isinstance(sample.target, Broken) else len(sample.target["options"])
        for sample in data.samples
    )
    return list(pairwise(accumulate(sizes, initial=0)))


def _first(failures: dict[int, str], start: int, end: int) -> str | None:
    return next((failures[row] for row in range(start, end) if row in failures), None)


def _likeliest(found: Answers, start: int, end: int) -> str | Broken:
    reason = _first(found.failures, start, end)
    if reason:
        return Broken(reason)
    totals, tokens = found.vectors[start:end, 0], found.vectors[start:end, 1]
    return ascii_uppercase[int((totals / tokens.clip(min=1)).argmax())]
