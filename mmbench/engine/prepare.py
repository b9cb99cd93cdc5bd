"""Everything before the forward passes: the task, the data and the model are found and fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mmbench import registry
from mmbench.contents import ContentKeys
from mmbench.engine.breakdowns import with_breakdown_tags
from mmbench.engine.choice import parse
from mmbench.engine.datasets import load_data, refuse_broken
from mmbench.engine.measure import score_names
from mmbench.engine.media_check import check_media, media_field
from mmbench.engine.models import BASELINES, Finder, Model, class_of, find
from mmbench.engine.outside import check_outside
from mmbench.errors import DataError, ModelError, UnknownName, UserError
from mmbench.protocols import Rates, Writes
from mmbench.spec import load_task
from mmbench.types import Broken, Continued, Media, Modality, ModelInfo, Requests, TaskSpec

_MEDIA: tuple[Modality, ...] = ("image", "audio", "video")
# A classifier has classes of its own, an embedding model finds the nearest of the task's classes.
_OTHER_KIND = {"classification": "zero_shot", "zero_shot": "classification"}
BASELINE = "baseline"  # the adapter of a model that a kind answers for


class Options(msgspec.Struct, frozen=True):
    """How to run, beyond what is asked and of whom. The fields are the flags of `mmbench run`."""

    data: Path | None = None
    limit: int | None = None
    index: str = "exact"
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None
    seed: int = 0
    fresh: bool = False
    published_as: str | None = None
    model_options: dict[str, Any] = {}
    trust_remote_code: bool = False
    tasks: tuple[str, ...] = ()
    inception: Path | None = None
    strip_reasoning: bool = False
    allow_outside: bool = False


class Prepared(NamedTuple):
    """A pair that can be run: everything is found, nothing is computed."""

    spec: TaskSpec
    kind: Any
    data: Any
    model: Model | None  # None for a baseline
    info: ModelInfo
    notes: tuple[str, ...] = ()  # on the data


def prepare(model: str, task: str, options: Options, keys: ContentKeys) -> Prepared:
    """Find the task, the data and the model, and see that they fit. No forward, no weights.

    A model that can never do it is refused first; what is missing of data and model is told in one
    error.
    """
    spec, kind = find_task(task, options)
    if model not in BASELINES:
        _refuse_early(model, kind, spec)
    problems: list[UserError] = []
    found, data = None, None
    try:
        found = _find_model(model, kind, options, keys)
    except ModelError as error:
        problems.append(error)
    try:
        data = load_data(spec, options.data)
        refuse_broken(spec, kind, data)
    except DataError as error:
        problems.append(error)
    if problems:
        advice = _advice(model, options, problems)
        raise type(problems[0])("\n".join([*map(str, problems), *advice])) from problems[0]
    check_media(spec, kind, data)
    data, notes = with_breakdown_tags(spec, kind, data)
    if options.limit is not None:
        data = kind.limit(data, options.limit)
    if found and options.index != "exact":
        kind.check_index(spec, data, options.index)
    info = found.info if found else ModelInfo(model, None, None, "", BASELINE, {}, "none")
    if found:
        _check_ability(found, kind, spec, data)
        notes = [*notes, *_sent_away(found, kind, spec, data, options)]
    return Prepared(spec, kind, data, found, info, tuple(notes))


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


def _sent_away(model: Model, kind: Any, spec: TaskSpec, data: Any, options: Options) -> list[str]:
    """Say which files outside the data folder another machine is sent. Raises DataError."""
    if model.destination is None:
        return []
    asked = kind.requests(spec, data, options.seed).values()
    allow = options.allow_outside
    note = check_outside(spec, asked, options.data, model.destination, allow=allow)
    return [note] if note else []


def find_task(task: str, options: Options) -> tuple[TaskSpec, Any]:
    """Return a task and its kind. Its metrics exist, and its headline is one of its scores.

    Raises UserError.
    """
    spec = load_task(task, options.tasks)
    if spec.kind not in registry.names("kind"):
        hint = "`mmbench list kinds` shows all"
        raise UnknownName(f"kind of task {spec.name}", spec.kind, registry.names("kind"), hint)
    kind = registry.lookup("kind", spec.kind)()
    kind.check(spec, options.index)
    for name in spec.metrics:
        registry.check_metric(name, spec.kind, spec.metric_options.get(name))
    names = score_names(spec.metrics, kind.directions(spec), spec.breakdowns)
    if spec.headline not in names:
        raise UnknownName(f"headline of task {spec.name}", spec.headline, names)
    return spec, kind


def _find_model(model: str, kind: Any, options: Options, keys: ContentKeys) -> Model | None:
    if model in BASELINES:
        if model not in kind.baselines:
            raise ModelError(f"baseline {model}: this kind has {', '.join(kind.baselines)}")
        return None
    finder = Finder(keys, options.dtype, options.device, options.trust_remote_code)
    return find(model, finder, options.model_options)


def _refuse_early(model: str, kind: Any, spec: TaskSpec) -> None:
    """Refuse a class that lacks the methods, or takes nothing of what the task names.

    One that takes not all of `together` is refused as well. A class that takes texts alone is not
    refused where a sample may be a text alone: its data decide.
    """
    ability = kind.needs(spec)
    if ability is None:
        raise UserError(
            f"task {spec.name}: no model is run on tasks of kind {spec.kind}; score its"
            f" outputs: mmbench score -t {spec.name} --predictions FILE"
        )
    cls: Any = class_of(model)
    named = {*spec.fields, *spec.fields.values()}
    wanted: set[Modality] = {m for m in (*_MEDIA, "text") if m in named}
    media = wanted.intersection(_MEDIA)
    taken = wanted | {"text"} if _asks_texts(ability, spec) else media
    none = media and not taken & cls.modalities
    if _missing(cls, ability) or none or together(spec) - cls.modalities:
        raise _unfit(model, cls, ability, wanted, spec)


def _asks_texts(ability: type, spec: TaskSpec) -> bool:
    """Whether a sample without media can be asked: the task has a field of texts to ask with."""
    texts = [name for name, field in spec.fields.items() if not media_field(name, field)]
    return ability in (Writes, Rates) and bool(texts)


def check_labels(prepared: Prepared, labels: list[str]) -> None:
    """Refuse a loaded model whose classes do not fit the data. Raises ModelError or DataError."""
    prepared.kind.check_labels(prepared.spec, prepared.data, labels, prepared.info.name)


def together(spec: TaskSpec) -> set[Modality]:
    """The media that a prompt has a slot for: every sample has all of them, not one or another."""
    return {medium for medium in _MEDIA if f"{{{medium}}}" in spec.prompt}


def _check_ability(model: Model, kind: Any, spec: TaskSpec, data: Any) -> None:
    ability = kind.needs(spec)
    asked = kind.requests(spec, data, 0).values()
    wanted = {modality for requests in asked for modality in modalities(requests)}
    if _missing(model.cls, ability) or wanted - model.cls.modalities:
        raise _unfit(model.info.name, model.cls, ability, wanted, spec)
    if model.folder and hasattr(model.cls, "check"):
        model.cls.check(model.folder, methods(ability))


def _missing(cls: Any, ability: type) -> list[str]:
    return [method for method in methods(ability) if not hasattr(cls, method)]


def _unfit(model: str, cls: Any, ability: type, wanted: set[Modality], spec: TaskSpec) -> UserError:
    """What a task needs, what the model lacks, and which models have it."""
    missing, lacking = _missing(cls, ability), sorted(wanted - cls.modalities)
    cannot = f"cannot {', '.join(missing)}" if missing else f"takes no {', '.join(lacking)}"
    given = f" with {', '.join(sorted(wanted))}" if wanted else ""
    return UserError(
        f"task {spec.name} needs a model that can {', '.join(methods(ability))}{given};"
        f" {model} {cannot}: {_other_kind(cls, spec)}try {', '.join(_able(ability, wanted))}"
    )


def _other_kind(cls: Any, spec: TaskSpec) -> str:
    """Return what to write for the other kind of task about classes, if the model fits that one."""
    other = _OTHER_KIND.get(spec.kind)
    if other is None or _missing(cls, registry.lookup("kind", other)().needs(spec)):
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
    classes: dict[str, Any] = {name: class_of(name) for name in registry.names("model")}
    return [
        name
        for name, cls in classes.items()
        if all(hasattr(cls, method) for method in methods(ability)) and wanted <= cls.modalities
    ]


def methods(ability: type) -> list[str]:
    """The methods that a protocol asks for."""
    return [n for n, v in vars(ability).items() if callable(v) and not n.startswith("_")]
