"""Checks that a model has the methods and accepts the modalities that a task needs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mmbench import registry
from mmbench.engine.loading.media_check import media_field
from mmbench.engine.loading.method_signatures import check_signatures
from mmbench.engine.loading.models.adapters import class_of
from mmbench.engine.loading.models.live import LiveModel
from mmbench.engine.loading.models.resolver import Model
from mmbench.errors import UserError
from mmbench.protocols import Dataset, Kind, ModelClass, Needs, Rates, Writes
from mmbench.types import (
    ContinuationRequest,
    InvalidContent,
    KindOptions,
    Media,
    Modality,
    Requests,
    TaskSpec,
)

_MEDIA: tuple[Modality, ...] = ("image", "audio", "video")

# A classifier has a fixed list of classes; an embedding model finds the nearest class of the task.
_OTHER_KIND = {"classification": "zero_shot", "zero_shot": "classification"}


def kind_of(spec: TaskSpec) -> Kind[Dataset]:
    """Return the kind of a task with the options of this task.

    Raises UserError for invalid options.
    """
    kind: Kind[Dataset] = registry.lookup("kind", spec.kind)(spec)
    return kind


def required_ability(kind: Kind[Dataset], spec: TaskSpec) -> Needs:
    """Return the model ability that a task requires. Raises UserError for a kind without models."""
    needs = kind.needs()
    if needs is None:
        raise UserError(
            f"task {spec.name}: models cannot run on tasks of kind {spec.kind}; score outputs"
            f" with mmbench score -t {spec.name} --predictions FILE"
        )
    return needs


def refuse_early(model: str | LiveModel, kind: Kind[Dataset], spec: TaskSpec) -> None:
    """Raise UserError for a model that can never run the task, by its class.

    Such a class lacks the methods, accepts none of the modalities of the task's fields, or does not
    accept one of the modalities in `Needs.together`. A class that accepts only text is refused only
    if no sample can consist of text alone.
    """
    ability, joint = required_ability(kind, spec)
    cls = class_of(model) if isinstance(model, str) else model.cls
    name = model if isinstance(model, str) else model.name
    field_names = {*spec.fields, *spec.fields.values()}
    task_modalities: set[Modality] = {m for m in (*_MEDIA, "text") if m in field_names}
    media = task_modalities.intersection(_MEDIA)
    usable = task_modalities | {"text"} if _asks_texts(ability, spec) else media
    takes_none = media and not usable & cls.modalities
    if _missing(cls, ability) or takes_none or joint - cls.modalities:
        raise _unsuitable_model(name, cls, ability, task_modalities | joint, spec)


def _asks_texts(ability: type, spec: TaskSpec) -> bool:
    """Return whether a request may consist of text alone: generation with a text field."""
    texts = [name for name, field in spec.fields.items() if not media_field(name, field)]
    return ability in (Writes, Rates) and bool(texts)


def check_methods(needs: Needs, spec: TaskSpec, requests: Mapping[str, Requests]) -> None:
    """Raise UserError if a kind makes requests of a method that is not in its `needs()`."""
    methods = ability_methods(needs.ability)
    for name, batch in requests.items():
        if batch.method not in methods:
            raise UserError(
                f"kind {spec.kind}: its requests {name!r} call {batch.method}, but its needs()"
                f" declares {', '.join(methods)}; use the same method in both"
            )


def check_ability(
    model: Model, needs: Needs, spec: TaskSpec, requests: Mapping[str, Requests]
) -> None:
    """Raise UserError if a model cannot answer these requests.

    It lacks a method or a modality, or its checkpoint does (`check` of its class), or a method has
    other parameters.
    """
    ability = needs.ability
    required = {modality for batch in requests.values() for modality in request_modalities(batch)}
    if _missing(model.cls, ability) or required - model.cls.modalities:
        raise _unsuitable_model(model.info.name, model.cls, ability, required, spec)
    check_signatures(model, ability_methods(ability))
    if model.folder and hasattr(model.cls, "check"):
        model.cls.check(model.folder, ability_methods(ability))


def _missing(cls: ModelClass, ability: type) -> list[str]:
    return [method for method in ability_methods(ability) if not hasattr(cls, method)]


def _unsuitable_model(
    model: str, cls: ModelClass, ability: type, required: set[Modality], spec: TaskSpec
) -> UserError:
    """Return an error with the needs of the task, what the model lacks, and suggested models."""
    missing, lacking = _missing(cls, ability), sorted(required - cls.modalities)
    cannot = f"cannot {', '.join(missing)}" if missing else f"takes no {', '.join(lacking)}"
    inputs = f" with {', '.join(sorted(required))}" if required else ""
    return UserError(
        f"task {spec.name} needs a model that can {', '.join(ability_methods(ability))}{inputs};"
        f" {model} {cannot}; {_other_kind(cls, spec)}try {', '.join(_suggest(ability, required))}"
    )


def _other_kind(cls: ModelClass, spec: TaskSpec) -> str:
    """Return advice to use the other kind of classification, if the model fits it."""
    other = _OTHER_KIND.get(spec.kind)
    if other is None:
        return ""
    task = msgspec.structs.replace(spec, kind=other, options=KindOptions())
    if _missing(cls, required_ability(kind_of(task), task).ability):
        return ""
    templates = ' and templates: ["a photo of a {}."]' if other == "zero_shot" else ""
    return f"set `kind: {other}`{templates} in a task file for this model, or "


def _suggest(ability: type, required: set[Modality]) -> list[str]:
    """Return the models that accept all of these modalities, else models that accept one."""
    every = models_with_ability(ability, required)
    some = {name for modality in required for name in models_with_ability(ability, {modality})}
    return every or sorted(some) or ["a plugin"]


def request_modalities(requests: Requests) -> set[Modality]:
    """Return the modalities of the requests' contents; invalid contents are ignored."""
    if requests.method not in ("write", "loglikelihood", "relevance", "embed_joint"):
        return {requests.modality}
    turns = (i.conversation if isinstance(i, ContinuationRequest) else i for i in requests.contents)
    return {
        part.modality if isinstance(part, Media) else "text"
        for turn in turns
        if isinstance(turn, tuple)
        for message in turn
        for part in message.parts
        if not isinstance(part, InvalidContent)
    }


def models_with_ability(ability: type, required: set[Modality]) -> list[str]:
    """Return the names of the models that have an ability and accept all of these modalities."""
    classes = {name: class_of(name) for name in registry.names("model")}
    return [
        name
        for name, cls in classes.items()
        if all(hasattr(cls, method) for method in ability_methods(ability))
        and required <= cls.modalities
    ]


def ability_methods(ability: type) -> list[str]:
    """Return the names of the public methods of a protocol, such as `Embeds`."""
    return [n for n, v in vars(ability).items() if callable(v) and not n.startswith("_")]
