"""The data of few-shot examples, if a task takes them from data other than its own."""

from __future__ import annotations

from msgspec.structs import replace

from mmbench.data.readers.memory.rows import DataPlace
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.kinds.conversation import PromptOptions
from mmbench.protocols import Dataset
from mmbench.types import TaskSpec


def with_example_data(spec: TaskSpec, data: Dataset, data_path: DataPlace | None) -> Dataset:
    """Return the data with the samples of `few_shot_data` as `examples`.

    The keys of `few_shot_data` replace those of `data`. Examples are read from
    `data_path`, the place of the data, unless the keys name a folder. Raises the errors of
    `load_data`.
    """
    options = spec.options
    if not isinstance(data, Samples) or not isinstance(options, PromptOptions):
        return data
    if not options.few_shot_data:
        return data
    keys = options.few_shot_data
    other = replace(spec, data={**spec.data, **keys})
    loaded = load_data(other, None if "folder" in keys else data_path)
    return replace(data, examples=loaded.by_role()["sample"])
