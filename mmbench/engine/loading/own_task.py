"""The text of a task file for the user's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmbench import registry
from mmbench.columns import column
from mmbench.data.readers.tars.locations import is_url
from mmbench.data.readers.tars.patterns import is_pattern
from mmbench.datasets import Samples
from mmbench.datasets.provenance import COLUMNS, merge_columns, split_columns
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.errors import SpecError
from mmbench.metrics.speech.spacing import headline_of
from mmbench.protocols import Dataset
from mmbench.types import TaskSpec


def own_task(task: str, options: RunSettings) -> tuple[str, Dataset]:
    """Return a task file that runs `task` on the data of `options`, and the loaded data.

    The file includes the task, and has the place of the data, their columns, also those that were
    inferred, and the classes, prompts and split of `options`; also the headline for transcripts in
    a script without spaces between words. A run of the file has the same scores as a run of the
    task with these options as flags. Raises SpecError for a task that is not for
    own data, and the errors of `load_data`.
    """
    import yaml

    spec, _ = find_task(task, options)
    place = options.data
    if not (isinstance(place, Path) and registry.source_info(spec.data["source"]).any_layout):
        raise SpecError(
            f"task {spec.name}: a task file of own data needs --data PATH and a task for own data;"
            " give -t retrieval, zeroshot, captions, answers, choices, transcripts, translations,"
            " labels or tags"
        )
    data = load_data(spec, place)
    include = str(Path(task).absolute()) if task.endswith((".yaml", ".yml")) else task
    content: dict[str, Any] = {"include": include, "data": _data_block(spec, place, data)}
    if options.templates:
        content["templates"] = options.templates
    if isinstance(data, Samples):
        targets = column(data.samples, "target")
        headline = headline_of(spec.headline, spec.metrics, targets)
        content |= {"headline": headline} if headline != spec.headline else {}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100), data


def _data_block(spec: TaskSpec, place: Path, data: Dataset) -> dict[str, Any]:
    named: dict[str, Any] = spec.data.get("columns", {})
    pairs = [(role, name) for role, names in named.items() for name in _as_list(names)]
    columns = merge_columns([*pairs, *split_columns(data.source.get(COLUMNS, ""))])
    block = {key: value for key, value in spec.data.items() if key != "folder"}
    is_path = place.exists() or (is_pattern(place) and not is_url(place))  # else a URL or a hub id
    block["path"] = str(place.absolute() if is_path else place)
    return {**block, "columns": columns} if columns else block


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
