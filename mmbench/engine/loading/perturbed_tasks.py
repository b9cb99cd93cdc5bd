"""A check of perturbed tasks before the first forward pass of a command."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.engine.context import run_context
from mmbench.engine.loading.data.data_flags import adapt_to_data
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.data.examples import with_example_data
from mmbench.engine.loading.data.perturbed import with_perturbation
from mmbench.engine.loading.models.resolver import BASELINES, Model
from mmbench.engine.loading.prepare import (
    find_task,
    has_videos,
    refuse_whole_videos,
    resolve_model,
)
from mmbench.engine.options import RunSettings
from mmbench.errors import UserError
from mmbench.protocols import Dataset


def check_perturbations(
    task: str, perturbed: Sequence[str], models: Sequence[str], settings: RunSettings
) -> None:
    """Check that the tasks `perturbed` suit the data of the clean `task`, which are loaded once.

    Raises SpecError for a perturbation that changes nothing, or frames of videos that a model gets
    as files. A task, data or models that cannot be found raise nothing here: the run reports them
    before its forward passes.
    """
    data = _clean_data(task, settings)
    if data is None:
        return
    for name in perturbed:
        spec, _ = adapt_to_data(*find_task(name, settings), data)
        with_perturbation(spec, data)
        if has_videos(spec):
            for model in models:
                refuse_whole_videos(spec, _model(model, settings))


def _clean_data(task: str, settings: RunSettings) -> Dataset | None:
    try:
        spec, _ = find_task(task, settings)
        data = with_example_data(spec, load_data(spec, settings.data), settings.data)
    except UserError:
        return None
    return data if settings.limit is None else data.limit(settings.limit)


def _model(model: str, settings: RunSettings) -> Model | None:
    if model in BASELINES:
        return None
    try:
        with run_context(settings) as context:
            return resolve_model(model, context)
    except UserError:
        return None
