"""The data source `geneval`: prompts with the objects, counts, colours and positions they name.

Source: Ghosh et al. 2023, arXiv 2310.11513; djghosh13/geneval prompts/evaluation_metadata.jsonl.
"""

from __future__ import annotations

import json
from pathlib import Path

from mmbench.data.mapping.pairs import check_count
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.records import Record
from mmbench.data.readers.table_files import json_records
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import plain
from mmbench.types import Sample

_FILE = "evaluation_metadata.jsonl"
_PLACES = ("", "prompts")  # in a folder of its own, and in a clone of djghosh13/geneval
_KEYS = ("tag", "include", "exclude")


@declare_source("json")
def geneval(root: Path | None, *, images: int | None = 4) -> Samples:
    """Load `images` samples per prompt, each for one generated image.

    `root` is a file of JSON lines with tag, include, prompt and optionally exclude, or a folder
    with evaluation_metadata.jsonl, directly or in `prompts`. The inputs are the prompt, `text`, and
    `requirements`, which are the other entries of the line as JSON. The tag `tag` is the kind of
    the prompt (single_object, counting, …). Ids are the paths of the official images without
    extension, 00012/samples/0003, where 12 is the row of the prompt; the samples of a prompt are a
    group. Raises DataError for files that cannot be read and for lines without these entries.
    """
    check_count("images", images)
    file = _metadata_file(root)
    rows = json_records(read_file(file), file)
    if not rows:
        raise DataError(f"{file}: no prompts")
    return Samples(
        [
            sample
            for at, row in enumerate(rows)
            for sample in _samples(f"{at:05d}", row, images or 4)
        ],
        group_name="prompt",
    )


def _metadata_file(root: Path | None) -> Path:
    if root is None:
        raise DataError(f"data source geneval was given no data; give --data {_FILE}")
    if root.is_file():
        return root
    file = next((root / p / _FILE for p in _PLACES if (root / p / _FILE).is_file()), None)
    if file is None:
        raise DataError(f"{root} has no {_FILE}; copy it there from the folder prompts of geneval")
    return file


def _samples(group: str, row: Record, images: int) -> list[Sample]:
    prompt, tag, include = (row.cells.get(key) for key in ("prompt", "tag", "include"))
    if not (isinstance(prompt, str) and isinstance(tag, str) and isinstance(include, list)):
        shown = plain(json.dumps(row.cells), 80)
        raise DataError(f"{row.where} is {shown}; give a prompt, a tag and a list `include`")
    used = {key: row.cells[key] for key in _KEYS if row.cells.get(key) is not None}
    requirements = json.dumps(used)
    inputs = {"text": prompt, "requirements": requirements}
    return [
        Sample(f"{group}/samples/{number:04d}", dict(inputs), group=group, tags={"tag": tag})
        for number in range(images)
    ]
