"""Recognition of the results of other evaluation harnesses by the contents of the file."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.readers.file_bytes import read_file
from mmbench.predictions.harnesses.json_values import first_cells
from mmbench.predictions.harnesses.lm_eval import is_samples, read_samples
from mmbench.predictions.harnesses.results import HarnessResults

_JSON = (".jsonl", ".json")


def read_harness(path: Path) -> HarnessResults | None:
    """Read the results of another harness; None if the file is not of a known harness.

    Raises DataError, with file and line, for a file of a known harness that cannot be read.
    """
    if path.suffix.lower() not in _JSON or not path.is_file():
        return None
    data = read_file(path, pipe=True)
    return read_samples(data, path) if is_samples(first_cells(data)) else None
