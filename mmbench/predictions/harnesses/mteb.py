"""Predictions of mteb: `TASK_predictions.json`.

Read in embeddings-benchmark/mteb at a905523d (2026-08-22): `mteb/abstasks/abstask.py`
(`_save_task_predictions`), `mteb/abstasks/retrieval.py` (`_evaluate_subset`),
`mteb/abstasks/zeroshot_classification.py`.

The file is {"mteb_model_meta": …, SUBSET: {SPLIT: predictions}}. The predictions of a retrieval
task are {query: {document: score}}, those of a zero-shot classification task a list of the scores
of the labels for each row. Other tasks of mteb have no task in mmbench and are refused.
"""

from __future__ import annotations

from pathlib import Path

from mmbench.errors import DataError
from mmbench.predictions.harnesses.json_values import Cells
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.storage.content_keys import digest

HARNESS = "mteb"
_META = "mteb_model_meta"


def is_predictions(cells: Cells) -> bool:
    """Return whether a JSON object holds predictions of mteb, judging by its keys."""
    return isinstance(cells.get(_META), dict)


def read_predictions(cells: Cells, data: bytes, path: Path) -> HarnessResults:
    """Read the predictions of all subsets and splits; each sample has them as tags.

    Raises DataError for predictions of another kind of task.
    """
    splits = [
        (subset, split, predictions)
        for subset, by_split in cells.items()
        if subset != _META and isinstance(by_split, dict)
        for split, predictions in by_split.items()
    ]
    samples = [
        sample
        for subset, split, predictions in splits
        for sample in _samples(predictions, {"subset": subset, "split": split}, path)
    ]
    if not samples:
        raise DataError(f"{path}: mteb has written no predictions into this file")
    return HarnessResults(HARNESS, samples, digest=digest(data).hex())


def _samples(predictions: object, tags: dict[str, str], path: Path) -> list[HarnessSample]:
    if isinstance(predictions, dict) and all(isinstance(v, dict) for v in predictions.values()):
        return [
            HarnessSample(None, query, raw=docs, tags=tags) for query, docs in predictions.items()
        ]
    rows = predictions if isinstance(predictions, list) else []
    if rows and all(
        isinstance(row, list) and row and set(map(type, row)) == {float} for row in rows
    ):
        return [HarnessSample(n, str(n), raw=row, tags=tags) for n, row in enumerate(rows)]
    raise DataError(
        f"{path}: the predictions of {tags['subset']}, {tags['split']} are neither scores of"
        " documents by query nor scores of labels by row; give those of a retrieval or zero-shot"
        " classification task"
    )
