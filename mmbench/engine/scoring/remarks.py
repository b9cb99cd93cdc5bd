"""Notes on outputs that contain reasoning, and on outputs equal to the references."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from mmbench.columns import Keyed, column, patch_rows
from mmbench.text import count
from mmbench.text.reasoning import NO_ANSWER, final_answer, has_reasoning, perhaps_reasoning
from mmbench.types import InvalidContent, Outputs, Prediction, Predictions

STRIPPED = "reasoning=stripped"  # in the signature of scores if reasoning was removed


def without_reasoning(outputs: Outputs, empty: str | None) -> Outputs:
    """Return outputs without the reasoning in their texts, with a note that counts them.

    A text without an answer after the reasoning is replaced by `empty`, which the kind scores as
    wrong, and gets the tag `NO_ANSWER`. If `empty` is None, the sample fails.
    """
    by_id, tags = Keyed.from_mapping(outputs.values), dict(outputs.tags)
    names, values = by_id.names, by_id.column
    texts = ((row, value) for row, value in enumerate(values) if isinstance(value, str))
    reasoning_rows = [row for row, text in texts if has_reasoning(text)]
    answers: dict[int, object] = {row: final_answer(values[row]) for row in reasoning_rows}
    missing = [row for row, answer in answers.items() if not answer]
    for row in missing:
        answers[row] = InvalidContent("no answer after its reasoning") if empty is None else empty
        tags[names[row]] = {**tags.get(names[row], {}), NO_ANSWER: "true"}
    note = f"reasoning removed from {count(len(reasoning_rows), 'output')}"
    if missing:
        note += f", of which {len(missing):,} had no answer after it"
    stripped = Keyed(names, patch_rows(values, answers))
    return replace(outputs, values=stripped, tags=tags, notes=[*outputs.notes, note])


def reasoning_notes(predictions: Predictions) -> list[str]:
    """Return a note if scored texts contain reasoning."""
    columns = [column(split, "value") for split in predictions.splits()]
    n_marked = sum(has_reasoning(text) for values in columns for text in perhaps_reasoning(values))
    if not n_marked:
        return []
    n = sum(isinstance(value, str) for values in columns for value in values)
    return [
        f"reasoning or its tags (<think>, <answer>) in {n_marked:,} of {count(n, 'answer')}"
        " were scored as part of the answer; mmbench score --strip-reasoning removes them"
    ]


def reference_notes(predictions: Predictions) -> list[str]:
    """Return a note if every output is its reference: the wrong column may have been scored."""
    answered = (prediction for prediction in predictions.each() if prediction.error is None)
    first = next(answered, None)
    if first is None or not _is_reference(first) or not all(map(_is_reference, answered)):
        return []
    return [
        "all outputs equal the references; if the column of references was scored, choose another"
        " column with --field prediction=NAME"
    ]


def _is_reference(prediction: Prediction) -> bool:
    value, target = prediction.value, prediction.target
    if isinstance(target, dict):  # options
        return str(value).strip() in _right_options(target)
    if not isinstance(value, str | int):
        return False
    several = target if isinstance(target, list) else [target]
    return str(value).strip() in {str(one).strip() for one in several}


def _right_options(target: dict[str, Any]) -> set[str]:
    """Return the letter and the text of the correct option."""
    letter, options = str(target.get("answer")), target.get("options") or []
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return {letter, *([str(options[place])] if 0 <= place < len(options) else [])}
