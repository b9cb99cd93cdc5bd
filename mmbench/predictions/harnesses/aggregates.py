"""The aggregated scores that a harness writes into a file of results next to its samples."""

from __future__ import annotations

import re
from pathlib import Path

from mmbench.data.readers.file_bytes import read_file
from mmbench.errors import DataError
from mmbench.predictions.harnesses.json_values import Cells, decode_cells, score_values

_LM_EVAL = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)\.jsonl")
_LMMS_EVAL = re.compile(r"(?P<date>.+?)_samples_(?P<task>.+)\.jsonl")
_NO_SCORES = ("_stderr", "_std", "_ci", "sample_len", "samples")


def lm_eval_scores(path: Path) -> dict[str, float]:
    """Return the scores of the task of a file of samples of lm-eval or lmms-eval, by metric.

    lm-eval writes `results_DATE.json` next to `samples_TASK_DATE.jsonl`, and lmms-eval
    `DATE_results.json` next to `DATE_samples_TASK.jsonl`. Both hold {"results": {TASK:
    {"METRIC,FILTER": number}}}. Return {} if there is no such file or it cannot be read.
    """
    for pattern, name in (
        (_LM_EVAL, "results_{date}.json"),
        (_LMMS_EVAL, "{date}_results.json"),
    ):
        if parts := pattern.fullmatch(path.name):
            content = _content(path.with_name(name.format(date=parts["date"])))
            results = content.get("results")
            task = results.get(parts["task"]) if isinstance(results, dict) else None
            return _scores(task) if isinstance(task, dict) else {}
    return {}


def _content(path: Path) -> Cells:
    if not path.is_file():
        return {}
    try:
        return decode_cells(read_file(path), path)
    except DataError:
        return {}  # the samples can be scored without the harness's own scores


def _scores(task: Cells) -> dict[str, float]:
    """Return the scores in {"METRIC,FILTER": number}, without standard errors and counts.

    The filter `none` is left out of the names.
    """
    cells = {name.removesuffix(",none"): cell for name, cell in task.items()}
    scores = {n: c for n, c in cells.items() if not any(part in n for part in _NO_SCORES)}
    return score_values({name: cell for name, cell in scores.items() if not isinstance(cell, dict)})
