"""The data of a task with its perturbation, and the file of paraphrases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmbench.data.readers.records import Record, find_name, parse_text
from mmbench.data.readers.table_files import TABLES, read_records
from mmbench.errors import DataError, SpecError
from mmbench.perturbations.data import perturbed_data
from mmbench.perturbations.names import as_text, parse
from mmbench.perturbations.paraphrases import Paraphrases
from mmbench.protocols import Dataset
from mmbench.text import listed
from mmbench.types import Perturbation, TaskSpec

_PARAPHRASES = ("paraphrase", "paraphrases")
_WRITTEN, _RANKED = "answer", "rank"  # columns of `inspect --csv`; the answer of a query is a rank
_SAMPLE_TEXT = "text:"  # begins the names of the columns of texts that `inspect --csv` writes


def with_perturbation(spec: TaskSpec, data: Dataset) -> Dataset:
    """Return the data of a task with the perturbation of the task, if it has one.

    Raises SpecError for a perturbation that does not suit the data, DataError for an invalid file
    of paraphrases.
    """
    if not spec.perturb:
        return data
    perturbation = parse(spec.perturb)
    paraphrases = _paraphrases(perturbation) if perturbation.name == "paraphrase" else None
    return perturbed_data(data, spec.fields, perturbation, spec.name, paraphrases)


def _paraphrases(perturbation: Perturbation) -> Paraphrases:
    if not perturbation.file:
        raise SpecError(
            f"perturbation {as_text(perturbation)}: its file is not known by this name; write"
            " paraphrase:FILE"
        )
    return read_paraphrases(Path(perturbation.file))


def read_paraphrases(file: Path) -> Paraphrases:
    """Read a table of paraphrases: CSV, TSV, JSONL or JSON.

    Columns: `text`, the original text, or `id`, the id of the sample with the text, if there is no
    `text`; `paraphrase` (or `paraphrases`), a string or a list of strings. Several rows may have
    the same text. Of a file that `inspect --csv` has written, the only column `text:…` and the
    column `answer` are read. Empty paraphrases are ignored. Raises DataError.
    """
    if file.suffix.lower() not in TABLES:
        raise DataError(f"{file}: unknown format of paraphrases; give {listed([*TABLES])}")
    records = read_records(file)
    names = list(dict.fromkeys(name for record in records for name in record.cells))
    known = (*_PARAPHRASES, *([_WRITTEN] if _RANKED not in names else []))
    value = next(filter(None, (find_name(names, one, str(file)) for one in known)), None)
    text = _text_column(names, str(file))
    key = text or find_name(names, "id", str(file))
    if value is None or key is None:
        raise DataError(
            f"{file}: a table of paraphrases has the columns text (or id) and paraphrase, not"
            f" {listed(names)}"
        )
    texts: dict[str, list[str]] = {}
    for record in records:
        texts.setdefault(_cell(record, key), []).extend(filter(str.strip, _cells(record, value)))
    return Paraphrases(str(file), text is None, texts)


def _text_column(names: Sequence[str], where: str) -> str | None:
    written = [name for name in names if name.startswith(_SAMPLE_TEXT)]
    return find_name(names, "text", where) or (written[0] if len(written) == 1 else None)


def _cell(record: Record, name: str) -> str:
    try:
        return parse_text(record.cells.get(name))
    except ValueError as error:
        raise DataError(f"{record.where}: column {name}: {error}") from error


def _cells(record: Record, name: str) -> list[str]:
    """Return the paraphrases in a cell, a string or a list of strings; none in an empty cell."""
    cell = record.cells.get(name)
    if cell is None:
        return []
    if not isinstance(cell, list):
        return [_cell(record, name)]
    try:
        return [*map(parse_text, cell)]
    except ValueError as error:
        raise DataError(f"{record.where}: column {name}: {error}") from error
