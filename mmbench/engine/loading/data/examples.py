"""Solved samples from data other than the task's own: few-shot examples, training samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from mmbench.columns import are_distinct
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError
from mmbench.kinds.conversation import PromptOptions
from mmbench.kinds.embedding.options import ProbeOptions
from mmbench.protocols import Dataset
from mmbench.types import KindOptions, Sample, TaskSpec


def with_example_data(spec: TaskSpec, data: Dataset, data_path: DataPlace | None) -> Dataset:
    """Return the data with the samples of `few_shot_data` or `train_data` as `examples`.

    The keys of these options replace those of `data`, and the keys of their `hub` those of its
    `hub`. Examples are read from `data_path`, the place of the data, unless the keys name a folder.
    Classes are matched by name; classes of the examples alone are added to those of the data.
    Raises the errors of `load_data`, and DataError for classes that cannot be matched.
    """
    keys = example_keys(spec.options)
    if not isinstance(data, Samples) or not keys:
        return data
    changed = {**spec.data, **keys}
    if "hub" in keys and "hub" in spec.data:
        changed["hub"] = {**spec.data["hub"], **keys["hub"]}
    loaded = load_data(replace(spec, data=changed), None if "folder" in keys else data_path)
    samples = loaded.by_role()["sample"]
    if not isinstance(loaded, Samples) or loaded.labels == data.labels:
        return replace(data, examples=samples)
    if not are_distinct(loaded.labels) or not are_distinct(data.labels):
        raise DataError(
            f"task {spec.name}: the classes of the training samples and of the test samples differ,"
            " and their names are not unique; give both the same list of classes"
        )
    labels = list(dict.fromkeys([*data.labels, *loaded.labels]))
    places = [labels.index(name) for name in loaded.labels]
    return replace(data, examples=_renumbered(samples, places), labels=labels)


def example_keys(options: KindOptions) -> dict[str, Any]:
    """Return the keys of `data` that differ for examples: `few_shot_data` or `train_data`."""
    match options:
        case PromptOptions():
            return options.few_shot_data
        case ProbeOptions():
            return options.train_data
    return {}


def _renumbered(samples: Sequence[Sample], places: Sequence[int]) -> list[Sample]:
    """Return samples whose targets, class indices, are replaced by those in `places`."""

    def moved(target: Any) -> Any:
        if isinstance(target, int):
            return places[target]
        return sorted(places[one] for one in target) if isinstance(target, list) else target

    return [replace(sample, target=moved(sample.target)) for sample in samples]
