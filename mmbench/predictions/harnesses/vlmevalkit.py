"""Tables of VLMEvalKit: `MODEL_DATASET.xlsx`, `.tsv` or `.json`, and the tables of its judges.

Read in open-compass/VLMEvalKit at e8e78f05 (2026-08-18): `vlmeval/inference.py`
(`infer_data_job`), `vlmeval/smp/file.py` (`dump`, `get_pred_file_format`, `_prediction_table`,
`INFER_FAIL_MSG`), `vlmeval/dataset/image_yorn.py` and `image_vqa.py` (the columns `extracted`,
`hit`, `score`), `vlmeval/dataset/videomme.py` (`video_path`), `vlmeval/smp/misc.py` (`toliststr`).

A table has the columns of the data set without `image`, `index` among them, and `prediction`. With
SPLIT_THINK, the reasoning is in the column `thinking`. An output that begins with "Failed to obtain
answer" stands for an error of the model or its server.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from string import ascii_uppercase

from mmbench.data.readers.records import Record, columns_of
from mmbench.errors import DataError
from mmbench.predictions.excel import LONGEST_CELL
from mmbench.predictions.harnesses.json_values import Cells, media_names, score_values, short_tags
from mmbench.predictions.harnesses.references import stored_references
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.storage.content_keys import digest
from mmbench.text import part_of

HARNESS = "VLMEvalKit"
_FAILED = "Failed to obtain answer"
_SCORES = ("hit", "score", "eval_score")
_MEDIA = ("image_path", "video_path", "audio_path", "video", "audio")  # a name, or a printed list
_USED = {"index", "prediction", "thinking", "question", "answer", "image_path", "extracted"}
_UNUSED = {*_USED, *_SCORES, *ascii_uppercase, "hint", "log"}


def is_table(columns: Collection[str]) -> bool:
    """Return whether a table was written by VLMEvalKit, judging by its columns."""
    return {"index", "prediction", "question"} <= set(columns)


def pickle_error(path: Path) -> DataError:
    """Return the error for a pickle, in which VLMEvalKit stores unfinished runs."""
    return DataError(
        f"{path} is a pickle, which can run any code when it is read, so mmbench does not read it;"
        " give the .xlsx, .tsv or .json that VLMEvalKit writes at the end of a run"
    )


def read_table(records: Sequence[Record], data: bytes, path: Path) -> HarnessResults:
    """Read the rows of a table. Raises DataError, with the row, for a row without an index."""
    samples = [_sample(record.cells, record.where) for record in records]
    cut = sum(isinstance(s.raw, str) and len(s.raw) >= LONGEST_CELL for s in samples)
    notes = []
    if cut and path.suffix.lower() == ".xlsx":
        notes.append(
            f"{part_of(cut, len(samples), 'prediction')} {LONGEST_CELL:,} characters, the limit of"
            " an Excel cell, and may be cut; run VLMEvalKit with PRED_FORMAT=tsv for whole outputs"
        )
    if "thinking" in columns_of(records):
        notes.append("the column thinking, the reasoning before the prediction, is left out")
    return HarnessResults(HARNESS, samples, notes=notes, digest=digest(data).hex())


def _sample(cells: Cells, where: str) -> HarnessSample:
    index = _text(cells.get("index"))
    if not index:
        raise DataError(f"{where}: no index, which names the sample")
    raw = _text(cells.get("prediction"))
    failed = raw.startswith(_FAILED)
    return HarnessSample(
        None,
        index,
        prompt="\n".join(filter(None, map(_text, (cells.get("hint"), cells.get("question"))))),
        raw=None if failed else raw,
        extracted=_text(cells.get("extracted")) or None,
        reference=_text(cells.get("answer")) or None,
        scores=score_values({name: _number(cells.get(name)) for name in _SCORES}),
        media=_media(cells),
        error=raw if failed else "",
        tags=short_tags(cells, _UNUSED),
    )


def _media(cells: Cells) -> list[str]:
    """Return the names of the media of a row."""
    names = [stored_references(cells.get(column)) for column in _MEDIA]
    return list(dict.fromkeys(media_names(names)))


def _text(cell: object) -> str:
    """Return a cell as text; "" for an empty cell and for the NaN that pandas writes for one."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a column of integers with an empty cell
    return str(cell)


def _number(cell: object) -> object:
    """Return a score as a number; tables of text hold its decimal string, True or False."""
    if not isinstance(cell, str):
        return cell
    if cell in ("True", "False"):
        return cell == "True"
    try:
        return float(cell)
    except ValueError:
        return None
