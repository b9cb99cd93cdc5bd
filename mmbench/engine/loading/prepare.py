"""Everything before the forward passes: the task, the data and the model are found and fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from mmbench import registry
from mmbench.engine.context import RunContext
from mmbench.engine.loading.data.breakdowns import with_breakdown_tags
from mmbench.engine.loading.data.datasets import load_data, refuse_broken
from mmbench.engine.loading.media_check import check_media, media_field
from mmbench.engine.loading.models.model_ref import parse
from mmbench.engine.loading.models.resolver import BASELINES, Finder, Model, class_of, find
from mmbench.engine.loading.outside import check_outside
from mmbench.engine.options import Options
from mmbench.engine.scoring.estimates import score_names
from mmbench.errors import DataError, ModelError, UnknownName, UserError
from mmbench.kinds.classification.names import columns_of_model
from mmbench.protocols import Dataset, Kind, ModelClass, Needs, Rates, Writes
from mmbench.spec import load_task, with_settings
from mmbench.types import (
    Broken,
    Continued,
    KindOptions,
    Media,
    Modality,
    ModelInfo,
    Requests,
    TaskSpec,
)

_MEDIA: tuple[Modality, ...] = ("image", "audio", "video")
# A classifier has classes of its own, an embedding model finds the nearest of the task's classes.
_OTHER_KIND = {"classification": "zero_shot", "zero_shot": "classification"}
BASELINE = "baseline"  # the adapter of a model that a kind answers for


class Prepared(NamedTuple):
    """A pair that can be run: everything is found, nothing is computed.

    `model` is None for a baseline and for scored outputs; then there are no `requests`. `notes` are
    on the data.
    """

    spec: TaskSpec
    kind: Kind[Dataset]
    data: Dataset
    model: Model | None
    info: ModelInfo
    requests: Mapping[str, Requests]
    notes: tuple[str, ...] = ()


def prepare(model: str, task: str, context: RunContext) -> Prepared:
    """Find the task, the data and the model, and see that they fit. No forward, no weights.

    A model that can never do it is refused first; what is missing of data and model is told in one
    error.
    """
    options = context.options
    spec, kind = find_task(task, options)
    if model not in BASELINES:
        _refuse_early(model, kind, spec)
    found, loaded = _found(model, spec, kind, context)
    check_media(spec, loaded)
    data, notes = with_breakdown_tags(spec, loaded)
    if options.limit is not None:
        data = data.limit(options.limit)
    if found is None:
        info = ModelInfo(model, None, None, "", BASELINE, {}, "none")
        return Prepared(spec, kind, data, None, info, {}, tuple(notes))
    kind.check(data)
    requests = kind.requests(data, options.seed)
    _check_methods(needed(kind, spec), spec, requests)
    _check_ability(found, needed(kind, spec), spec, requests)
    notes = [*notes, *_sent_away(found, spec, requests, options)]
    return Prepared(spec, kind, data, found, found.info, requests, tuple(notes))


def _found(
    model: str, spec: TaskSpec, kind: Kind[Dataset], context: RunContext
) -> tuple[Model | None, Dataset]:
    """Return the model, None for a baseline, and the data. Raises UserError for all that lacks."""
    options = context.options
    problems: list[UserError] = []
    found, data = None, None
    try:
        found = _find_model(model, kind, context)
    except ModelError as error:
        problems.append(error)
    try:
        data = load_data(spec, options.data)
        refuse_broken(spec, data)
    except DataError as error:
        problems.append(error)
    if data is None or problems:
        advice = _advice(model, options, problems)
        raise type(problems[0])("\n".join([*map(str, problems), *advice])) from problems[0]
    return found, data


def _advice(model: str, options: Options, problems: list[UserError]) -> list[str]:
    """Return what to type where the checkpoint or the data were not given at all."""
    lacks = {type(problem) for problem in problems}
    wanted = []
    if ModelError in lacks and model not in BASELINES and parse(model).adapter == model:
        wanted.append(f"-m {model}@CHECKPOINT")
    if DataError in lacks and options.data is None:
        wanted.append("--data PATH")
    if not wanted:
        return []
    return [
        f"give what is missing: {' '.join(wanted)}",
        "what needs no data, weights or network: -m clip-nano -t shapes-retrieval",
    ]


def _sent_away(
    model: Model, spec: TaskSpec, requests: Mapping[str, Requests], options: Options
) -> list[str]:
    """Say which files outside the data folder another machine is sent. Raises DataError."""
    if model.destination is None:
        return []
    allow = options.allow_outside
    note = check_outside(spec, requests.values(), options.data, model.destination, allow=allow)
    return [note] if note else []


def find_task(task: str, options: Options) -> tuple[TaskSpec, Kind[Dataset]]:
    """Return a task and its kind. Its metrics exist, and its headline is one of its scores.

    Raises UserError.
    """
    spec = with_settings(load_task(task, options.tasks), options.settings)
    kind = kind_of(spec)
    for name in spec.metrics:
        registry.check_metric(name, spec.kind, spec.metric_options.get(name))
    names = score_names(spec.metrics, kind.directions(), spec.breakdowns)
    if spec.headline not in names:
        raise UnknownName(f"headline of task {spec.name}", spec.headline, names)
    return spec, kind


def kind_of(spec: TaskSpec) -> Kind[Dataset]:
    """Return the kind of a task, made for this task. Raises UserError for what it cannot run."""
    kind: Kind[Dataset] = registry.lookup("kind", spec.kind)(spec)
    return kind


def needed(kind: Kind[Dataset], spec: TaskSpec) -> Needs:
    """Return what a model must be able to do. Raises UserError for a kind that runs none."""
    needs = kind.needs()
    if needs is None:
        raise UserError(
            f"task {spec.name}: no model is run on tasks of kind {spec.kind}; score its"
            f" outputs: mmbench score -t {spec.name} --predictions FILE"
        )
    return needs


def _find_model(model: str, kind: Kind[Dataset], context: RunContext) -> Model | None:
    if model in BASELINES:
        if model not in kind.baselines:
            raise ModelError(f"baseline {model}: this kind has {', '.join(kind.baselines)}")
        return None
    options = context.options
    finder = Finder(context.keys, options.dtype, options.device, options.trust_remote_code)
    return find(model, finder, options.model_options)


def _refuse_early(model: str, kind: Kind[Dataset], spec: TaskSpec) -> None:
    """Refuse a class that lacks the methods, or takes nothing of what the task names.

    One that takes not all of `together` is refused as well. A class that takes texts alone is not
    refused where a sample may be a text alone: its data decide.
    """
    ability, together = needed(kind, spec)
    cls = class_of(model)
    named = {*spec.fields, *spec.fields.values()}
    wanted: set[Modality] = {m for m in (*_MEDIA, "text") if m in named}
    media = wanted.intersection(_MEDIA)
    taken = wanted | {"text"} if _asks_texts(ability, spec) else media
    none = media and not taken & cls.modalities
    if _missing(cls, ability) or none or together - cls.modalities:
        raise _unfit(model, cls, ability, wanted, spec)


def _asks_texts(ability: type, spec: TaskSpec) -> bool:
    """Whether a sample without media can be asked: the task has a field of texts to ask with."""
    texts = [name for name, field in spec.fields.items() if not media_field(name, field)]
    return ability in (Writes, Rates) and bool(texts)


def check_labels(prepared: Prepared, requests: Requests, labels: Sequence[str]) -> None:
    """Refuse a model whose classes do not fit those of its requests.

    Raises DataError for a class that the model lacks, ModelError for one that is not unique.
    """
    where = f"task {prepared.spec.name}: model {prepared.info.name}"
    columns_of_model(labels, requests.labels, where)


def _check_methods(needs: Needs, spec: TaskSpec, requests: Mapping[str, Requests]) -> None:
    """Refuse a kind that asks for more than it needs. Raises UserError."""
    able = methods(needs.ability)
    for name, asked in requests.items():
        if asked.method not in able:
            raise UserError(
                f"kind {spec.kind}: its requests {name!r} have the method {asked.method}, and it"
                f" needs a model that can {', '.join(able)}: give both the same method"
            )


def _check_ability(
    model: Model, needs: Needs, spec: TaskSpec, requests: Mapping[str, Requests]
) -> None:
    ability = needs.ability
    wanted = {modality for asked in requests.values() for modality in modalities(asked)}
    if _missing(model.cls, ability) or wanted - model.cls.modalities:
        raise _unfit(model.info.name, model.cls, ability, wanted, spec)
    if model.folder and hasattr(model.cls, "check"):
        model.cls.check(model.folder, methods(ability))


def _missing(cls: ModelClass, ability: type) -> list[str]:
    return [method for method in methods(ability) if not hasattr(cls, method)]


def _unfit(
    model: str, cls: ModelClass, ability: type, wanted: set[Modality], spec: TaskSpec
) -> UserError:
    """What a task needs, what the model lacks, and which models have it."""
    missing, lacking = _missing(cls, ability), sorted(wanted - cls.modalities)
    cannot = f"cannot {', '.join(missing)}" if missing else f"takes no {', '.join(lacking)}"
    given = f" with {', '.join(sorted(wanted))}" if wanted else ""
    return UserError(
        f"task {spec.name} needs a model that can {', '.join(methods(ability))}{given};"
        f" {model} {cannot}: {_other_kind(cls, spec)}try {', '.join(_able(ability, wanted))}"
    )


def _other_kind(cls: ModelClass, spec: TaskSpec) -> str:
    """Return what to write for the other kind of task about classes, if the model fits that one."""
    other = _OTHER_KIND.get(spec.kind)
    if other is None:
        return ""
    task = msgspec.structs.replace(spec, kind=other, options=KindOptions())
    if _missing(cls, needed(kind_of(task), task).ability):
        return ""
    templates = ' and templates: ["a photo of a {}."]' if other == "zero_shot" else ""
    return f"for such a model write `kind: {other}`{templates} in a task file, or "


def _able(ability: type, wanted: set[Modality]) -> list[str]:
    """Return the models for all of these modalities; where there is none, those for one of them."""
    every = able(ability, wanted)
    some = {name for one in wanted for name in able(ability, {one})}
    return every or sorted(some) or ["a plugin"]


def modalities(requests: Requests) -> set[Modality]:
    """Of which modalities what is asked is made; a Broken part asks for nothing."""
    if requests.method not in ("write", "loglikelihood"):
        return {requests.modality}
    turns = (i.conversation if isinstance(i, Continued) else i for i in requests.contents)
    return {
        part.modality if isinstance(part, Media) else "text"
        for turn in turns
        if isinstance(turn, tuple)
        for message in turn
        for part in message.parts
        if not isinstance(part, Broken)
    }


def able(ability: type, wanted: set[Modality]) -> list[str]:
    """The names of the models that have an ability for these modalities."""
    classes = {name: class_of(name) for name in registry.names("model")}
    return [
        name
        for name, cls in classes.items()
        if all(hasattr(cls, method) for method in methods(ability)) and wanted <= cls.modalities
    ]


def methods(ability: type) -> list[str]:
    """The methods that a protocol asks for."""
    return [n for n, v in vars(ability).items() if callable(v) and not n.startswith("_")]
