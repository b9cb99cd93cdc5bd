"""The kind `writing`: a generated text for each sample, such as a caption or a transcript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from msgspec.structs import replace

from mmbench.columns import Keyed, are_texts, column, rows_of_type
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.conversation import (
    PromptOptions,
    check_prompt,
    conversation,
    media_together,
    modality_of,
    prompt_of,
)
from mmbench.kinds.few_shot import (
    answered,
    check_few_shot,
    reference_answer,
    with_examples,
)
from mmbench.kinds.per_sample import PerSample, decoded_answers, each_output, permute_answers
from mmbench.kinds.responses import generated
from mmbench.protocols import Needs, Responses, Writes
from mmbench.text import count, plain
from mmbench.text.alternatives import first_reading, pieces_of
from mmbench.types import (
    Conversation,
    GeneratedOutputs,
    GeneratedText,
    InvalidContent,
    Outputs,
    Predictions,
    Requests,
    Sample,
    TaskSpec,
    tagged,
)

# Prefixes of metrics that score free-form answers and ignore options.
_FREE = ("exact_match", "contains", "anls", "relaxed_accuracy", "vqa_accuracy")
_HEDGED = 20  # number of answers in each prediction of the baseline `hedge`


class Writing(PerSample):
    """The kind `writing`. A value is a text."""

    Options = PromptOptions
    options: PromptOptions
    ability: ClassVar[type | None] = Writes
    baselines: ClassVar[tuple[str, ...]] = ("oracle", "constant", "random", "empty", "hedge")
    no_answer = ""

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        check_prompt(task, self.options.prompt)
        check_prompt(task, self.options.open_prompt)
        check_few_shot(task, self.options)

    def needs(self) -> Needs | None:
        """Return the ability that a model needs, with the modalities of the prompt's slots."""
        needed = super().needs()
        return (
            needed._replace(together=media_together(self.options.prompt + self.options.open_prompt))
            if needed
            else None
        )

    def needs_all(self, data: Samples, /) -> str:
        """Return why the task needs all samples: few-shot examples are test samples."""
        if self.options.few_shot and not data.examples:
            return "its few-shot examples are test samples; name other data in few_shot_data"
        return super().needs_all(data)

    def requests(self, data: Samples, seed: int, /) -> dict[str, Requests]:
        """Return a conversation for each sample.

        Raises DataError if samples have options but a metric scores free-form answers.
        """
        _refuse_options(self.task, data)
        conversations = self.conversations(data)
        options = self.options.generation.seeded(seed)
        return {
            "sample": Requests(
                conversations, modality_of(conversations), method="write", options=options
            )
        }

    def conversations(self, data: Samples) -> list[Conversation]:
        """Return the conversation of each sample, with its few-shot examples."""
        questions = [self._question(sample) for sample in data.samples]
        return with_examples(self.task, self.options, data, questions, self._solved)

    def _question(self, sample: Sample) -> Conversation:
        return conversation(self.task, prompt_of(self.options, sample), sample)

    def _solved(self, sample: Sample) -> Conversation | None:
        return answered(self._question(sample), self.example_answer(sample.target))

    def example_answer(self, target: object) -> str:
        """Return the answer of a few-shot example, "" for a target without one."""
        return reference_answer(target)

    def values(self, _data: Samples, responses: Responses, /) -> list[str | InvalidContent]:
        """Return the generated text of each sample, with InvalidContent for failed requests."""
        return decoded_answers(generated(responses, "sample"), lambda output: output.text)

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return predictions: the generated texts together with the references.

        If a text was truncated at the token limit, its prediction has the tag `finish` with the
        value `length`.
        """
        predictions = super().predictions(data, responses)
        cut = _cut_off(responses)
        if not cut:
            return predictions
        marked = predictions.with_splits(lambda split: tagged(split, cut))
        n = len(cut) - _without_answer(responses, cut)
        verb = "was" if n == 1 else "were"
        note = f"{count(n, 'answer')} met the token limit and {verb} cut off"
        return replace(marked, notes=[*predictions.notes, *([note] if n else [])])

    def accepted(self, data: Samples, outputs: Outputs, /) -> Sequence[object]:
        """Return the texts of another program; a number becomes its decimal string."""
        values = Keyed.from_mapping(outputs.values).look_up(column(data.samples, "id"))
        if are_texts(values):
            return values
        return each_output(self.task, data, outputs, _as_text)

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return the predictions of a baseline.

        Raises DataError if samples have options but a metric scores free-form answers.
        """
        _refuse_options(self.task, data)
        return super().baseline(name, data, seed)

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> list[str]:
        """Return the answer that a baseline predicts for each sample.

        `oracle` gives the best answer, `random` the best answer of another sample, `constant` the
        most common answer, `empty` no answer, `hedge` the 20 most common answers in one text.
        """
        best = [best_answer(sample.target) for sample in data.samples]
        usable = [
            answer
            for answer, sample in zip(best, data.samples, strict=True)
            if not isinstance(sample.target, InvalidContent)
        ]
        common = [answer for answer, _ in sorted(Counter(usable).items(), key=_by_count)]
        if name == "oracle":
            return best
        if name == "random":
            return permute_answers(best, [sample.id for sample in data.samples], seed)
        answers = {"constant": common[:1], "empty": [], "hedge": common[:_HEDGED]}[name]
        return [" ".join(answers)] * len(best)


def _cut_off(responses: Responses) -> dict[int, dict[str, str]]:
    """Return the tags of the texts that reached the token limit, by row.

    The result is {} if the model rated options instead of generating texts.
    """
    response = responses.get("sample")
    values = response.values if isinstance(response, GeneratedOutputs) else []
    texts = ((row, one) for row, one in enumerate(values) if isinstance(one, GeneratedText))
    return {row: {"finish": "length"} for row, one in texts if one.finish == "length"}


def _without_answer(responses: Responses, cut: Iterable[int]) -> int:
    """Return how many outputs reached the token limit within their reasoning, before any answer.

    `cut` are the rows of the outputs that reached the limit.
    """
    values = generated(responses, "sample").values
    return sum(values[row].reasoning is not None and not values[row].text for row in cut)


def _as_text(output: object, where: str) -> str:
    if isinstance(output, str):
        return output
    if isinstance(output, int | float) and not isinstance(output, bool):
        return str(output)
    what = "class scores (.npy)" if hasattr(output, "ndim") else plain(repr(output))
    raise DataError(f"{where} is {what}; give a text")


def _refuse_options(spec: TaskSpec, data: Samples) -> None:
    """Raise DataError if a sample has options but a metric of the task scores free-form answers."""
    free = any(name.startswith(_FREE) for name in spec.metrics)
    targets = column(data.samples, "target")
    for row in rows_of_type(targets, dict) if free else []:
        if "options" in targets[row]:
            raise DataError(
                f"sample {data.samples[row].id} has options, which task {spec.name} does not"
                " score; use -t choices or a task of kind choice"
            )


def best_answer(target: object) -> str:
    """Return the best answer that a target accepts.

    - For a list of references, it is the most common reference; of equally common ones, the first.
    - For {"answer": "B", "options": …}, it is the letter.
    - For a reference with alternatives, it is the text with the first choice of each alternative.
    - For an invalid target, it is "".
    """
    if isinstance(target, InvalidContent):
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
