"""Separation of reasoning and token counts from the answers that metrics read.

Notes count the outputs with reasoning. An output without an answer after its reasoning counts as
wrong: it gets the tag `NO_ANSWER`, and its text is replaced by a text that the kind of its task
scores as wrong. If the kind has no such text, the sample fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from mmbench.columns import Keyed, column, patch_rows
from mmbench.protocols import Dataset, Responses
from mmbench.text import count
from mmbench.text.reasoning import (
    NO_ANSWER,
    has_reasoning,
    perhaps_reasoning,
    split_reasoning,
)
from mmbench.types import (
    REASONING_SCORED,
    GeneratedOutputs,
    GeneratedText,
    InvalidContent,
    Outputs,
    Prediction,
    Predictions,
    tagged,
)

_NO_ANSWER_REASON = "no answer after its reasoning"


class SeparatedResponses(NamedTuple):
    """A model's responses without reasoning, and the removed reasoning by sample id.

    `unanswered` holds the ids of samples without an answer; `n_cut` is the number of outputs that
    reached the token limit within their reasoning. `tokens` are the numbers of generated tokens by
    sample id, None if unknown.
    """

    responses: Responses
    reasoning: dict[str, str]
    tokens: Mapping[str, int | None]
    unanswered: frozenset[str] = frozenset()
    n_cut: int = 0

    def add_to(self, predictions: Predictions) -> Predictions:
        """Return predictions with tokens and reasoning, tags of missing answers, and notes."""
        predictions = replace(predictions, tokens=self.tokens)
        if not self.reasoning:
            return predictions
        if self.unanswered:
            predictions = predictions.with_splits(self._with_tags)
        notes = [*predictions.notes, *self._notes()]
        return replace(predictions, notes=notes, reasoning=self.reasoning)

    def _with_tags(self, split: Sequence[Prediction]) -> Sequence[Prediction]:
        ids = enumerate(column(split, "id"))
        tags = {row: {NO_ANSWER: "true"} for row, ident in ids if ident in self.unanswered}
        return tagged(split, tags)

    def _notes(self) -> list[str]:
        notes = [_removal_note(len(self.reasoning), len(self.unanswered))]
        if self.n_cut:
            notes.append(
                f"{count(self.n_cut, 'output')} reached the token limit within the reasoning; give"
                " a larger --model-arg thinking_budget=N (tokens in addition to max_tokens)"
            )
        return notes


def separate_reasoning(
    data: Dataset, responses: Responses, no_answer: str | None
) -> SeparatedResponses:
    """Separate the reasoning in a model's responses from the answers.

    `no_answer` is the text that the kind of the task scores as wrong, or None if it has no such
    text. Only responses with one output per sample are changed.
    """
    reasoning: dict[str, str] = {}
    tokens: Mapping[str, int | None] = {}
    unanswered: set[str] = set()
    separated, n_cut = dict(responses), 0
    for name, outputs in responses.items():
        ids = _sample_ids(data, name, outputs)
        tokens = _token_counts(ids, outputs) or tokens
        reasoned = _reasoned(outputs) if ids is not None else {}
        if not reasoned or ids is None or not isinstance(outputs, GeneratedOutputs):
            continue
        reasoning |= {ids[row]: one.reasoning or "" for row, one in reasoned.items()}
        missing = [row for row, one in reasoned.items() if not one.text]
        unanswered |= {ids[row] for row in missing}
        n_cut += sum(reasoned[row].finish == "length" for row in missing)
        separated[name] = _without_answer(outputs, missing, no_answer)
    return SeparatedResponses(separated, reasoning, tokens, frozenset(unanswered), n_cut)


def _token_counts(ids: Sequence[str] | None, outputs: object) -> Mapping[str, int | None]:
    """Return the number of generated tokens by id; {} if no output has such a number."""
    if ids is None or not isinstance(outputs, GeneratedOutputs):
        return {}
    texts = (one if isinstance(one, GeneratedText) else None for one in outputs.values)
    counts = [text.tokens or None if text else None for text in texts]
    return Keyed(ids, counts) if any(counts) else {}


def _sample_ids(data: Dataset, name: str, outputs: object) -> Sequence[str] | None:
    """Return the ids of the samples that outputs belong to.

    `name` is the name of the requests. Return None unless there is one generated output per sample.
    """
    roles = data.by_role()
    samples = roles.get(name) or (next(iter(roles.values())) if len(roles) == 1 else None)
    if samples is None or not isinstance(outputs, GeneratedOutputs):
        return None
    return column(samples, "id") if len(samples) == len(outputs.values) else None


def _reasoned(outputs: object) -> dict[int, GeneratedText]:
    """Return the generated texts with reasoning, by row."""
    values = outputs.values if isinstance(outputs, GeneratedOutputs) else []
    return {
        row: one
        for row, one in enumerate(values)
        if isinstance(one, GeneratedText) and one.reasoning is not None
    }


def _without_answer(
    outputs: GeneratedOutputs, rows: Sequence[int], no_answer: str | None
) -> GeneratedOutputs:
    """Return outputs with the text `no_answer` in `rows`, which counts as wrong.

    If `no_answer` is None, these rows fail.
    """
    values = list(outputs.values)
    for row in rows:
        values[row] = None if no_answer is None else replace(values[row], text=no_answer)
    failed = dict.fromkeys(rows, _NO_ANSWER_REASON) if no_answer is None else {}
    return GeneratedOutputs(values, outputs.failures | failed)


def without_reasoning(outputs: Outputs, no_answer: str | None) -> tuple[Outputs, dict[str, str]]:
    """Return outputs without the reasoning in their texts, and the reasoning by id.

    A note counts the outputs with reasoning. `no_answer` is the text that the kind of the task
    scores as wrong, or None if it has no such text.
    """
    by_id, tags = Keyed.from_mapping(outputs.values), dict(outputs.tags)
    names, values = by_id.names, by_id.column
    texts = ((row, value) for row, value in enumerate(values) if isinstance(value, str))
    split = {row: split_reasoning(text) for row, text in texts if has_reasoning(text)}
    answers: dict[int, object] = {row: one.answer for row, one in split.items()}
    missing = [row for row, answer in answers.items() if not answer]
    for row in missing:
        answers[row] = InvalidContent(_NO_ANSWER_REASON) if no_answer is None else no_answer
        tags[names[row]] = {**tags.get(names[row], {}), NO_ANSWER: "true"}
    note = _removal_note(len(split), len(missing))
    stripped = Keyed(names, patch_rows(values, answers))
    reasoning = {names[row]: one.reasoning or "" for row, one in split.items()}
    return replace(outputs, values=stripped, tags=tags, notes=[*outputs.notes, note]), reasoning


def _removal_note(removed: int, missing: int) -> str:
    note = f"reasoning removed from {count(removed, 'output')}"
    return f"{note}, of which {missing:,} had no answer after it" if missing else note


def reasoning_notes(predictions: Predictions) -> list[str]:
    """Return a note that counts the scored texts with reasoning; return [] if there are none."""
    columns = [column(split, "value") for split in predictions.splits()]
    n_marked = sum(has_reasoning(text) for values in columns for text in perhaps_reasoning(values))
    if not n_marked:
        return []
    n = sum(isinstance(value, str) for values in columns for value in values)
    return [
        f"{REASONING_SCORED}{n_marked:,} of {count(n, 'answer')}"
        " were scored as part of the answer; mmbench score --strip-reasoning removes them"
    ]
