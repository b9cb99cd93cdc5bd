"""Preparation of a run: load task and data, resolve the model, and check that they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from mmbench import metric_names
from mmbench.engine.context import RunContext
from mmbench.engine.loading.abilities import (
    check_ability,
    check_methods,
    kind_of,
    refuse_early,
    required_ability,
)
from mmbench.engine.loading.data.breakdowns import with_breakdown_tags
from mmbench.engine.loading.data.data_flags import (
    adapt_to_data,
    reads_any_modality,
    with_data_flags,
)
from mmbench.engine.loading.data.datasets import load_data, refuse_broken
from mmbench.engine.loading.data.examples import with_example_data
from mmbench.engine.loading.data.perturbed import with_perturbation
from mmbench.engine.loading.media_check import check_media
from mmbench.engine.loading.models.live import LiveModel, find_live
from mmbench.engine.loading.models.model_ref import parse
from mmbench.engine.loading.models.recipes import with_recipe_scores
from mmbench.engine.loading.models.resolver import BASELINES, Model, ModelResolver, find
from mmbench.engine.loading.outside import check_outside
from mmbench.engine.options import RunSettings
from mmbench.engine.score_names import score_names
from mmbench.errors import DataError, ModelError, SpecError, UnknownName, UserError
from mmbench.kinds.classification.names import columns_of_model
from mmbench.perturbations.names import NAMES
from mmbench.protocols import Dataset, Kind, Writes
from mmbench.spec import (
    label_of,
    load_task,
    with_max_tokens,
    with_metrics,
    with_search_device,
    with_settings,
)
from mmbench.text import count, plain, sample_noun
from mmbench.types import LIMITED, ModelInfo, PartInfo, Requests, TaskSpec

BASELINE = "baseline"  # the adapter in the record of a baseline


class PreparedRun(NamedTuple):
    """A model and a task that are ready to run: everything is found, nothing is computed.

    `model` is None and `requests` are empty for a baseline and for scored outputs. `notes` concern
    the data and the options of the model. `clean_data` are the data without the perturbation of the
    task. If the run is on a part of the test samples, `data` is the part, `part` describes it, and
    `whole` is the whole data; `clean_data` remain whole.
    """

    spec: TaskSpec
    kind: Kind[Dataset]
    data: Dataset
    clean_data: Dataset
    model: Model | None
    info: ModelInfo
    requests: Mapping[str, Requests]
    notes: tuple[str, ...] = ()
    whole: Dataset | None = None
    part: PartInfo | None = None


def prepare(model: str | LiveModel, task: str, context: RunContext) -> PreparedRun:
    """Find the task, the data and the model, and check that they fit, without loading weights.

    `model` is the argument of `-m`, or an object. A model that can never run the task is refused
    before any data are loaded. A missing model and missing data are reported in one error. Raises
    UserError.
    """
    options = context.options
    spec, kind = find_task(task, options)
    refuse_label(task, options)
    if model not in BASELINES:
        known = spec if not reads_any_modality(spec) else msgspec.structs.replace(spec, fields={})
        refuse_early(model, kind, known)
    resolved, dataset = _find_model_and_data(model, spec, kind, context)
    spec, kind = adapt_to_data(spec, kind, dataset)
    if resolved is not None and options.published_as is None and isinstance(model, str):
        spec = _with_recipe_scores(spec, kind, model, resolved, options)
    check_media(spec, dataset)
    refuse_whole_videos(spec, resolved)
    data, notes = with_breakdown_tags(spec, dataset)
    if options.limit is not None:
        whole, data = data, data.limit(options.limit)
        notes = [*notes, *_limit_notes(spec, whole, data)]
    clean, data = data, with_perturbation(spec, data)
    if resolved is None:
        info = ModelInfo(str(model), None, None, "", BASELINE, {}, "none")
        return PreparedRun(spec, kind, data, clean, None, info, {}, tuple(notes))
    kind.check(data)
    requests = kind.requests(data, options.seed)
    needs = required_ability(kind, spec)
    check_methods(needs, spec, requests)
    check_ability(resolved, needs, spec, requests)
    notes = [*notes, *resolved.notes, *sent_away(resolved, spec, requests, options)]
    return PreparedRun(spec, kind, data, clean, resolved, resolved.info, requests, tuple(notes))


def refuse_label(task: str, options: RunSettings) -> None:
    """Raise UnknownName for a task TASK+LABEL without the data that the label stands for."""
    label = label_of(task, options.tasks) if options.data is None else ""
    if label:
        hint = f"data with the label {plain(label)} need --data PATH"
        raise UnknownName(f"perturbation of task {plain(task)}", label, NAMES, hint)


def has_videos(spec: TaskSpec) -> bool:
    """Return whether the inputs of a task may be videos."""
    return "video" in {*spec.fields, *spec.fields.values()}


def refuse_whole_videos(spec: TaskSpec, model: Model | None) -> None:
    """Raise SpecError for a perturbation of videos that the model gets as files."""
    if spec.perturb and has_videos(spec) and model is not None and model.whole_videos:
        raise SpecError(
            f"task {spec.name}: model {model.info.name} gets whole videos, and {spec.perturb}"
            " changes their frames; leave out the model option that sends videos, or the"
            " perturbation"
        )


def _limit_notes(spec: TaskSpec, whole: Dataset, limited: Dataset) -> list[str]:
    """Return a note on the samples that `--limit` left out, for roles without a protocol."""
    used = limited.sizes()
    return [
        f"{LIMITED}{used[role]:,} of {count(total, sample_noun(role))}"
        for role, total in whole.sizes().items()
        if used[role] < total and role not in spec.protocol
    ]


def known_as(model: ModelInfo, options: RunSettings) -> str:
    """Return the name under which scores of the model were published."""
    return options.published_as or model.checkpoint or model.name


def _with_recipe_scores(
    spec: TaskSpec, kind: Kind[Dataset], model: str, resolved: Model, options: RunSettings
) -> TaskSpec:
    """Return a task with the published scores of the model, if the model is a recipe."""
    names = score_names(spec.metrics, kind.directions(), spec.breakdowns)
    unhashed = getattr(resolved.cls, "unhashed", ())
    changed = {k: v for k, v in options.model_options.items() if k not in unhashed}
    return with_recipe_scores(spec, parse(model), known_as(resolved.info, options), names, changed)


def _find_model_and_data(
    model: str | LiveModel, spec: TaskSpec, kind: Kind[Dataset], context: RunContext
) -> tuple[Model | None, Dataset]:
    """Return the model (None for a baseline) and the data. Raises one UserError for all faults."""
    options = context.options
    problems: list[UserError] = []
    resolved, data = None, None
    try:
        resolved = _find_model(model, kind, context)
    except ModelError as error:
        problems.append(error)
    try:
        data = with_example_data(spec, load_data(spec, options.data), options.data)
        refuse_broken(spec, data)
    except DataError as error:
        problems.append(error)
    if data is None or problems:
        lines = [*map(str, problems), *_advice(model, options, problems)]
        raise problems[0].with_lines(*lines) from problems[0]
    return resolved, data


def _advice(model: str | LiveModel, options: RunSettings, problems: list[UserError]) -> list[str]:
    """Return advice on the flags to add if no checkpoint or no data were given."""
    lacks = {type(problem) for problem in problems}
    arguments = []
    name = model if isinstance(model, str) and model not in BASELINES else ""
    if ModelError in lacks and name and parse(name).adapter == name:
        arguments.append(f"-m {name}@CHECKPOINT")
    if DataError in lacks and options.data is None:
        arguments.append("--data PATH")
    if not arguments:
        return []
    return [
        f"add the missing arguments: {' '.join(arguments)}",
        "an example without data, weights or network: -m clip-nano -t shapes-retrieval",
    ]


def sent_away(
    model: Model, spec: TaskSpec, requests: Mapping[str, Requests], options: RunSettings
) -> list[str]:
    """Return a note on files outside the data folder that are sent to another machine.

    Raises DataError unless --allow-outside is set.
    """
    if model.destination is None:
        return []
    note = check_outside(
        spec,
        requests.values(),
        options.data,
        model.destination,
        allow=options.allow_outside,
        consented=options.labels,
    )
    return [note] if note else []


def find_task(task: str, options: RunSettings) -> tuple[TaskSpec, Kind[Dataset]]:
    """Load a task and its kind, and check the task's metrics and headline.

    Raises UserError for an unknown metric, or a headline that is not one of the task's scores.
    """
    spec = with_settings(load_task(task, options.tasks), options.settings)
    spec = with_metrics(spec, options.metrics)
    spec = with_data_flags(with_search_device(spec, options.device), options)
    if options.max_tokens is not None:
        spec = with_max_tokens(spec, options.max_tokens)
    kind = kind_of(spec)
    needs = kind.needs()
    if options.max_tokens is not None and needs and needs.ability is not Writes:
        raise SpecError(
            f"task {spec.name}: the model rates texts and generates none; leave out --max-tokens"
        )
    for name in spec.metrics:
        metric_names.check_metric(name, spec.kind, spec.metric_options.get(name))
    names = score_names(spec.metrics, kind.directions(), spec.breakdowns)
    if spec.headline not in names:
        raise UnknownName(f"headline of task {spec.name}", spec.headline, names)
    return spec, kind


def _find_model(model: str | LiveModel, kind: Kind[Dataset], context: RunContext) -> Model | None:
    if isinstance(model, LiveModel):
        return find_live(model)
    if model in BASELINES:
        if model not in kind.baselines:
            raise ModelError(
                f"baseline {model} does not exist for this kind of task; use one of"
                f" {', '.join(kind.baselines)}"
            )
        return None
    return resolve_model(model, context)


def resolve_model(model: str, context: RunContext) -> Model:
    """Find a model by the argument of `-m`, with the options of a run, without loading weights."""
    options = context.options
    finder = ModelResolver(context.keys, options.dtype, options.device, options.trust_remote_code)
    return find(model, finder, options.model_options)


def check_labels(prepared: PreparedRun, requests: Requests, labels: Sequence[str]) -> None:
    """Check that a classifier has all classes of its requests; `labels` are its class names.

    Raises DataError for a missing class, ModelError for a class that is not unique.
    """
    where = f"task {prepared.spec.name}: model {prepared.info.name}"
    columns_of_model(labels, requests.labels, where)
