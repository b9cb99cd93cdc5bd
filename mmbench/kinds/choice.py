"""The kind `choice`: a model chooses one of several options, by letter or by likelihood."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Literal

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.conversation import PromptOptions, modality_of
from mmbench.kinds.responses import first_failure, per_token, spans, vectors
from mmbench.kinds.writing import Writing
from mmbench.protocols import Needs, Rates, Responses
from mmbench.types import ContinuationRequest, InvalidContent, Requests, Sample, VectorOutputs


class ChoiceOptions(PromptOptions, frozen=True):
    """Options of `choice`.

    `choose` is `letter` if the model generates a letter, or `likelihood` if the most likely option
    is chosen.
    """

    choose: Literal["letter", "likelihood"] = "letter"


class Choice(Writing):
    """The kind `choice`. A value is a text; a target is {"answer": letter, "options": [text, …]}.

    With `choose: letter` the model generates a text, from which the metric extracts the answer.
    With `choose: likelihood` the answer is the option with the highest mean log-probability per
    token, or the first of equally likely options. Source: SEED-Bench (Li et al. 2023, arXiv
    2307.16125, section 3.3).
    """

    Options = ChoiceOptions
    options: ChoiceOptions

    def needs(self) -> Needs | None:
        """Return the ability that a model needs: Writes, or Rates for `choose: likelihood`."""
        needed = super().needs()
        rates = self.options.choose == "likelihood"
        return needed._replace(ability=Rates) if needed and rates else needed

    def requests(self, data: Samples, seed: int, /) -> dict[str, Requests]:
        """Return a conversation for each sample.

        If the task has `choose: likelihood`, return a continuation request for each option instead.
        Raises DataError for a sample without options.
        """
        options = [_options(sample) for sample in data.samples]
        if self.options.choose == "letter":
            return super().requests(data, seed)
        conversations = self.conversations(data)
        rated = [
            ContinuationRequest(turns, option)
            for turns, texts in zip(conversations, options, strict=True)
            for option in texts
        ]
        return {"option": Requests(rated, modality_of(conversations), method="loglikelihood")}

    def failures(self, data: Samples, responses: Responses, /) -> list[tuple[str, str]]:
        """Return (id, reason) of each failed sample.

        A sample fails if its request fails or, for `choose: likelihood`, the request for any of its
        options.
        """
        if "option" not in responses:
            return super().failures(data, responses)
        failed_options = responses["option"].failures
        reasons = [
            sample.target.reason
            if isinstance(sample.target, InvalidContent)
            else first_failure(failed_options, *span)
            for sample, span in zip(data.samples, _spans(data), strict=True)
        ]
        pairs = zip(data.samples, reasons, strict=True)
        return [(sample.id, reason) for sample, reason in pairs if reason]

    def values(self, data: Samples, responses: Responses, /) -> list[str | InvalidContent]:
        """Return the generated texts, or the letters of the most likely options."""
        if "option" not in responses:
            return super().values(data, responses)
        rated = vectors(responses, "option")
        return [
            sample.target if isinstance(sample.target, InvalidContent) else _likeliest(rated, *span)
            for sample, span in zip(data.samples, _spans(data), strict=True)
        ]

    def example_answer(self, target: object) -> str:
        """Return the letter of the reference, or the text of its option if options are rated."""
        letter = super().example_answer(target)
        if self.options.choose == "letter" or not isinstance(target, dict):
            return letter
        texts = dict(zip(ascii_uppercase, target.get("options", ()), strict=False))
        return str(texts.get(letter, ""))

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> list[str]:
        """Return the letter that a baseline predicts for each sample.

        Raises DataError for a sample without options.
        """
        for sample in data.samples:
            _options(sample)
        return super().baseline_values(name, data, seed)


def _options(sample: Sample) -> list[str]:
    """Return the options of a sample; [] if its reference is invalid content.

    Raises DataError for a sample without options.
    """
    target = sample.target
    if isinstance(target, InvalidContent):
        return []
    options = target.get("options") if isinstance(target, dict) else None
    if not options or len(options) > len(ascii_uppercase):
        raise DataError(
            f"sample {sample.id}: no options, or more than 26; give them in the column options, or"
            " in columns A, B, …, or use -t answers for questions without options"
        )
    return [str(option) for option in options]


def _spans(data: Samples) -> list[tuple[int, int]]:
    """Return the (start, end) positions of each sample's options in a list of all options."""
    sizes = (
        0 if isinstance(sample.target, InvalidContent) else len(sample.target["options"])
        for sample in data.samples
    )
    return spans(sizes)


def _likeliest(answers: VectorOutputs, start: int, end: int) -> str | InvalidContent:
    if reason := first_failure(answers.failures, start, end):
        return InvalidContent(reason)
    return ascii_uppercase[int(per_token(answers.vectors[start:end]).argmax())]
