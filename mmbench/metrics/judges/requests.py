"""The requests of a judge's metrics: which conversations a judge gets for a prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from mmbench.errors import UserError
from mmbench.metrics.judges.prompt import (
    judged_sample,
    pairwise_conversations,
    score_conversation,
)
from mmbench.metrics.judges.rubric import Rubric, check_name, load_rubric, rubric_path
from mmbench.storage.file_names import name_fault
from mmbench.types import Conversation, FeatureRequest, InvalidContent, Prediction

VERDICT = "verdict"  # the name of the features: one text, or two for a pairwise rubric
_OPTIONS = {"rubric", "human"}


def check_rubric_name(name: str) -> None:
    """Raise UserError for an argument of a judge's metric that cannot be the name of a rubric."""
    if fault := name_fault(name):
        raise UserError(f"judge[{name}]: no valid name of a rubric: {fault}")


def check_rubric(name: str, options: Mapping[str, object]) -> None:
    """Raise UserError for options of a judge's metric that are unknown, or an invalid rubric."""
    for option, value in options.items():
        if option not in _OPTIONS or not isinstance(value, str):
            raise UserError(
                f"metric judge[{name}] has the options rubric (a file) and human (a tag), both"
                f" strings, not {option}: {value!r}"
            )
    rubric_of(name, options)


def rubric_of(name: str, options: Mapping[str, object]) -> Rubric:
    """Return the rubric of a metric: that of the option `rubric` (a file), else the one `name`.

    Raises SpecError if the rubric in the file has another name.
    """
    file = options.get("rubric")
    if file is None:
        return load_rubric(name)
    rubric = load_rubric(str(file))
    check_name(rubric, name, rubric_path(str(file)))
    return rubric


class RubricContents(Struct, frozen=True):
    """A function that returns the conversations of a judge for a prediction.

    Two such functions are equal if their rubrics have the same content, so that metrics with the
    same rubric share verdicts.
    """

    rubric: Rubric

    def __hash__(self) -> int:
        return hash(self.rubric.signature)

    def __call__(self, prediction: Prediction) -> dict[str, list[Any]]:
        """Return {"verdict": [conversation]}, or two conversations for a pairwise rubric.

        An empty answer is not shown to the judge: its list is empty.
        """
        return {VERDICT: self._conversations(prediction)}

    def _conversations(self, prediction: Prediction) -> list[Conversation | InvalidContent]:
        answer = answer_text(prediction)
        if not answer.strip():
            return []
        sample = judged_sample(self.rubric, prediction)
        if self.rubric.kind == "score":
            return [score_conversation(self.rubric, sample, answer)]
        if not sample.references:
            return [InvalidContent(f"rubric {self.rubric.name} compares with a missing reference")]
        return [*pairwise_conversations(self.rubric, sample, answer, sample.references[0])]


def answer_text(prediction: Prediction) -> str:
    """Return the answer of a prediction as text."""
    return prediction.value if isinstance(prediction.value, str) else str(prediction.value)


def rubric_request(name: str, options: Mapping[str, object]) -> FeatureRequest:
    """Return the feature request of a judge with a rubric, without a model.

    Raises UserError for an invalid rubric.
    """
    rubric = rubric_of(name, options)
    return judge_request(rubric, RubricContents(rubric))


def judge_request(
    rubric: Rubric, contents: Callable[[Prediction], dict[str, list[Any]]]
) -> FeatureRequest:
    """Return the feature request of a judge with a rubric, whose conversations are `contents`."""
    return FeatureRequest(
        contents,
        {VERDICT: (rubric.media[0] if rubric.media else "text", "document")},
        method="write",
        generation=rubric.generation,
        media=frozenset({"text", *rubric.media}),
        chosen_by="judge",
    )


JUDGE = FeatureRequest(
    lambda _: {},
    {VERDICT: ("text", "document")},
    method="write",
    chosen_by="judge",
    configure=rubric_request,
)
