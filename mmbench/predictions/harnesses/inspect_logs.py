"""Logs of inspect_ai as JSON.

Read in UKGovernmentBEIS/inspect_ai at 499e6152 (2026-08-22): `src/inspect_ai/log/_log.py`
(`EvalLog`, `EvalSample`, `EvalResults`), `src/inspect_ai/scorer/_metric.py` (`Score`),
`src/inspect_ai/model/_model_output.py`, `src/inspect_ai/_cli/log.py` (`inspect log convert`).

A sample has the `id` of the data set; inspect_ai numbers samples from 1 if the data set has no ids.
The default format, `.eval`, is a zip archive compressed with Zstandard, which Python 3.11 cannot
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmbench.errors import DataError
from mmbench.predictions.harnesses.chat import (
    choice_texts,
    prompt_media,
    prompt_text,
    with_attachments,
)
from mmbench.predictions.harnesses.json_values import (
    Cells,
    as_cells,
    objects,
    score_values,
    short_tags,
)
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.storage.content_keys import digest
from mmbench.text import plain

HARNESS = "inspect_ai"
_SPREADS = {"stderr", "bootstrap_stderr", "std", "var"}  # metrics that are no scores
# The values that stand for correct, incorrect, partially correct and no answer (`value_to_float`).
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}


def is_log(cells: Cells) -> bool:
    """Return whether a JSON object is a log of inspect_ai, judging by its keys."""
    return cells.keys() >= {"version", "status", "eval", "plan"}


def eval_archive_error(path: Path) -> DataError:
    """Return the error for a log in the format `.eval`."""
    return DataError(
        f"{path} is an archive of inspect_ai, which mmbench does not read; convert it with `inspect"
        f" log convert {path} --to json --output-dir DIR` and give the .json"
    )


def read_log(cells: Cells, data: bytes, path: Path) -> HarnessResults:
    """Read the samples of a log. Raises DataError for a log without samples."""
    samples = cells.get("samples")
    if not isinstance(samples, list) or not samples:
        raise DataError(
            f"{path}: this log has no samples; convert the whole log with `inspect log convert FILE"
            " --to json --output-dir DIR`"
        )
    several = len({str(sample.get("epoch")) for sample in objects(samples)}) > 1
    read = [_sample(s, f"{path}: samples[{n}]", several) for n, s in enumerate(samples)]
    status = cells.get("status")
    notes = (
        [] if status == "success" else [f"the log has the status {plain(str(status))}, not success"]
    )
    return HarnessResults(HARNESS, read, _aggregates(cells), notes, digest(data).hex())


def _sample(sample: object, where: str, several: bool) -> HarnessSample:
    if not isinstance(sample, dict) or not isinstance(sample.get("id"), str | int):
        raise DataError(f"{where}: no id, unlike samples of inspect_ai")
    attachments = as_cells(sample.get("attachments"))
    output = with_attachments(sample.get("output"), attachments)
    question = with_attachments(sample.get("input"), attachments)
    scores = _scores(sample.get("scores"))
    answers = [score.get("answer") for score in scores.values()]
    texts = choice_texts(output)
    tags = short_tags(as_cells(sample.get("metadata")))
    return HarnessSample(
        None,
        str(sample["id"]),
        prompt=prompt_text(question),
        raw=texts[0] if texts else None,
        extracted=next((answer for answer in answers if answer is not None), None),
        reference=sample.get("target"),
        scores=_numbers(scores),
        media=prompt_media(question),
        error=_error(sample, output, texts),
        tags=tags | ({"repeat": str(sample.get("epoch"))} if several else {}),
    )


def _error(sample: Cells, output: object, texts: list[str]) -> str:
    """Return why a sample has no output: its error, or the error of its model output."""
    error = sample.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or "error without a message")
    refused = as_cells(output).get("error")
    if any(texts):
        return ""
    return str(refused) if refused else "" if texts else "the model output has no choices"


def _scores(scores: object) -> dict[str, Cells]:
    return {n: score for n, score in as_cells(scores).items() if isinstance(score, dict)}


def _numbers(scores: Mapping[str, Cells]) -> dict[str, float]:
    """Return the values of scores as numbers; a score of several values is named NAME/KEY."""
    numbers: dict[str, float] = {}
    for name, score in scores.items():
        value = score.get("value")
        parts = {f"{name}/{k}": v for k, v in value.items()} if isinstance(value, dict) else {}
        numbers |= score_values({n: _number(v) for n, v in (parts or {name: value}).items()})
    return numbers


def _number(value: object) -> object:
    return _LETTERS.get(value, value) if isinstance(value, str) else value


def _aggregates(cells: Cells) -> dict[str, float]:
    """Return the metrics of the log, by SCORER/METRIC, or by METRIC if there is one scorer.

    Standard errors and deviations are left out.
    """
    scorers = objects(as_cells(cells.get("results")).get("scores"))
    values: dict[str, float] = {}
    for scorer in scorers:
        prefix = f"{scorer.get('name')}/" if len(scorers) > 1 else ""
        metrics = as_cells(scorer.get("metrics")).items()
        numbers = {n: as_cells(m).get("value") for n, m in metrics if n not in _SPREADS}
        values |= score_values({f"{prefix}{n}": value for n, value in numbers.items()})
    return values
