"""Predictions and reviews of EvalScope: `predictions/MODEL/DATASET_SUBSET.jsonl`, `reviews/…`.

Read in modelscope/evalscope at fde259d2 (2026-08-22): `evalscope/api/evaluator/cache.py`
(`ModelResult`, `ReviewResult`), `evalscope/api/metric/scorer.py` (`Score`, `SampleScore`),
`evalscope/api/dataset/dataset.py` (`reindex`), `evalscope/api/model/model_output.py`.

`index` is the row number within the subset, from 0. With k repeats, every sample is there k times
in succession, so that its row number is `index` // k; a review also has the row number as
`group_id` and the repeat as `generation_index`. Lines are in the order in which samples finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from mmbench.errors import DataError
from mmbench.predictions.harnesses.chat import choice_texts, prompt_media, prompt_text
from mmbench.predictions.harnesses.json_values import (
    Cells,
    as_cells,
    decode_lines,
    objects,
    score_values,
    short_tags,
)
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.storage.content_keys import digest

HARNESS = "EvalScope"


class _Line(NamedTuple):
    """A line: its row number, the repeat (from 0) if the line says so, and the input and sample."""

    row: int
    repeat: int | None
    messages: object
    sample: HarnessSample


def is_line(cells: Cells) -> bool:
    """Return whether a line is a prediction or a review of EvalScope, judging by its keys."""
    return "index" in cells and (
        isinstance(cells.get("sample_score"), dict) or {"model_output", "messages"} <= cells.keys()
    )


def read_evalscope(data: bytes, path: Path) -> HarnessResults:
    """Read a file of predictions or reviews. Raises DataError, with the line."""
    lines = [_line(cells, f"{path} line {n}") for n, cells in decode_lines(data, path)]
    lines.sort(key=lambda line: (line.row, line.repeat or 0))
    return HarnessResults(HARNESS, _numbered(lines), digest=digest(data).hex())


def _line(cells: Cells, where: str) -> _Line:
    index, messages = cells.get("index"), cells.get("messages")
    if not is_line(cells) or type(index) is not int:
        raise DataError(f"{where}: no index with model_output or sample_score")
    review = as_cells(cells.get("sample_score"))
    output = _review(cells, review) if review else _prediction(cells)
    sample = replace(output, prompt=prompt_text(messages), media=prompt_media(messages))
    group, repeat = review.get("group_id"), review.get("generation_index")
    if type(group) is int and type(repeat) is int:
        return _Line(group, repeat, messages, sample)
    return _Line(index, None, messages, sample)


def _prediction(cells: Cells) -> HarnessSample:
    output = cells.get("model_output")
    texts = choice_texts(output)
    tags = short_tags(as_cells(cells.get("metadata")))
    error = "" if any(texts) else _error(output, texts)
    return HarnessSample(None, "", raw=texts[0] if texts else None, error=error, tags=tags)


def _error(output: object, texts: Sequence[str]) -> str:
    """Return why a model output has no text; "" for an output that is an empty text."""
    if not isinstance(output, dict):
        return "no model output"
    return str(output.get("error") or ("" if texts else "the model output has no choices"))


def _review(cells: Cells, review: Cells) -> HarnessSample:
    score = as_cells(review.get("score"))
    return HarnessSample(
        None,
        "",
        raw=score.get("prediction"),
        extracted=score.get("extracted_prediction"),
        reference=cells.get("target"),
        scores=score_values(as_cells(score.get("value"))),
        tags=short_tags(as_cells(review.get("sample_metadata"))),
    )


def _numbered(lines: Sequence[_Line]) -> list[HarnessSample]:
    """Return the samples of sorted lines with their row numbers and, if repeated, their repeats."""
    if all(line.repeat is not None for line in lines):
        several = any(line.repeat for line in lines)
        return [_with_row(line, line.row, line.repeat or 0, several) for line in lines]
    k = _repeats(lines)
    return [_with_row(line, line.row // k, line.row % k, k > 1) for line in lines]


def _repeats(lines: Sequence[_Line]) -> int:
    """Return k if every input is there exactly k times in succession, otherwise 1."""
    sizes = {len(list(group)) for _, group in groupby(_input(line) for line in lines)}
    complete = [line.row for line in lines] == list(range(len(lines)))
    return sizes.pop() if len(sizes) == 1 and complete and len(lines) not in sizes else 1


def _input(line: _Line) -> str:
    """Return the system and user messages, without the ids that every message gets."""
    turns = [t for t in objects(line.messages) if t.get("role") in ("system", "user")]
    return repr([(turn.get("role"), turn.get("content")) for turn in turns])


def _with_row(line: _Line, row: int, repeat: int, several: bool) -> HarnessSample:
    tags = line.sample.tags | ({"repeat": str(repeat + 1)} if several else {})
    return replace(line.sample, row=row, id=str(row), tags=tags)
