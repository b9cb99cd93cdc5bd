"""Features that models compute for metrics such as CLIPScore and the FID family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from mmbench import metric_names
from mmbench.columns import Table, equal
from mmbench.engine.context import RunContext
from mmbench.engine.execution.pinned import with_media
from mmbench.engine.inference.runner import InferenceRunner
from mmbench.engine.loading.models.resolver import Model, ModelResolver, find
from mmbench.engine.options import RunSettings
from mmbench.errors import Missing, ModelError, UserError
from mmbench.text import plain
from mmbench.types import (
    FeatureRequest,
    Features,
    GeneratedOutputs,
    GeneratedText,
    Item,
    Media,
    ModelInfo,
    Prediction,
    Requests,
    VectorOutputs,
)

MetricOptions = Mapping[str, Mapping[str, object]]  # options by metric name


class ExtractedFeatures(NamedTuple):
    """The features of predictions, and the model's name for the signature of a score.

    `features` has a dict for each prediction, which maps feature names to arrays [k, d] or lists of
    k texts. `failures` maps rows of predictions to reasons.
    """

    features: list[Features]
    failures: dict[int, str]
    signature: str


class FeatureExtractor:
    """An extractor of the features that metrics need; model outputs are cached in the journal."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._runners: dict[str, InferenceRunner] = {}
        self._unusable: dict[str, ModelError] = {}  # by the hash of the model
        # Metrics of the FID family share features, so the last result is memoised.
        self._last: dict[tuple[object, ...], tuple[Sequence[Prediction], ExtractedFeatures]] = {}

    def models(self, metric: str, wants: FeatureRequest) -> list[tuple[FeatureRequest, Model]]:
        """Find the models of a metric, without loading them; return each request with its model.

        `wants` is the feature request for the metric's name (`metric_names.feature_request`).
        Raises Missing if a model cannot be found, ModelError if a flag names it, UserError if it
        lacks the ability that the metric needs.
        """
        requests = wants.chain()
        return [
            (one, self._model(metric, one, _up_to_model(metric, one, wants))) for one in requests
        ]

    def _model(self, metric: str, wants: FeatureRequest, named: str) -> Model:
        """Find the model of one request; `named` is the metric's name up to that of the model."""
        context = self._context
        text = _model_name(metric, wants, context.options)
        try:
            resolver = ModelResolver(context.keys, device=context.options.device)
            model = find(text, resolver, dict(wants.options))
        except ModelError as error:
            if flag := _flag(wants):
                raise ModelError(f"{flag}: {error}") from error
            raise _missing_model(metric, error, named) from error
        needed = {modality for modality, _ in wants.modalities.values()} | wants.media
        if model.destination and not context.options.allow_outside:
            raise UserError(
                f"metric {metric} would send {'texts' if needed == {'text'} else 'files'} to"
                f" {model.destination}; use {named}NAME with a model on this machine, or pass"
                " --allow-outside"
            )
        if not hasattr(model.cls, wants.method) or needed - model.cls.modalities:
            raise UserError(
                f"metric {metric} needs a model with the method {wants.method} for"
                f" {' and '.join(sorted(needed))}, which {text} lacks; use {named}NAME with another"
                " model"
            )
        return model

    def check(self, metrics: Sequence[str], options: MetricOptions) -> None:
        """Find the models of metrics before a run, so that an unsuitable one is refused early.

        `options` are options by metric name. A missing model is not an error: the metric then has
        no value. Raises UserError. Adds a note if a flag chooses a model that no metric uses.
        """
        requests = {name: metric_names.feature_request(name, options.get(name)) for name in metrics}
        for name, wants in requests.items():
            if wants is not None:
                with suppress(Missing):
                    self.models(name, wants)
        chosen = {wants.chosen_by for wants in requests.values() if wants}
        if self._context.options.judge is not None and "judge" not in chosen:
            note = "--judge was not used: no metric of the task is a judge[RUBRIC]"
            self._context.costs.notes.append(note)

    def features(
        self,
        metric: str,
        wants: FeatureRequest,
        predictions: Sequence[Prediction],
    ) -> ExtractedFeatures:
        """Return the features of every prediction.

        Raises the same errors as `models`, and Missing if a model cannot be loaded.
        If the metric has several requests, the later ones see the features of the earlier ones,
        and leave out the predictions that failed before.
        """
        extracted = ExtractedFeatures([{} for _ in predictions], {}, "")
        key: tuple[object, ...] = ()
        for request, model in self.models(metric, wants):
            key += (model.info.hash, request.contents, request.normalise)
            key += (request.method, request.labels)
            if key not in self._last or not _are_same(self._last[key][0], predictions):
                try:
                    self._refuse_unusable(model)
                    more = self._extend(metric, request, model, predictions, extracted)
                except ModelError as error:  # metrics without this model have values
                    self._unusable[model.info.hash] = error
                    if flag := _flag(request):
                        raise Missing(f"{flag}: {error}") from error
                    named = _up_to_model(metric, request, wants)
                    raise _missing_model(metric, error, named) from error
                self._last[key] = predictions, more
            extracted = self._last[key][1]
        return extracted

    def _refuse_unusable(self, model: Model) -> None:
        """Raise the error of a model that could not be loaded, or whose server did not answer."""
        if model.info.hash in self._unusable:
            raise self._unusable[model.info.hash]

    def _extend(
        self,
        metric: str,
        request: FeatureRequest,
        model: Model,
        predictions: Sequence[Prediction],
        before: ExtractedFeatures,
    ) -> ExtractedFeatures:
        """Return the features of a request together with those `before` it."""
        is_first = not before.signature
        contents: list[dict[str, list[Item]]] = [
            {}
            if row in before.failures
            else request.contents(prediction, before.features[row])
            if request.uses_features
            else request.contents(prediction)
            for row, prediction in enumerate(predictions)
        ]
        _check_contents(metric, request, contents)
        features, failures = _by_prediction(contents, self._outputs(request, model, contents))
        name = f"features={_name(model.info)}"
        return ExtractedFeatures(
            [old | new for old, new in zip(before.features, features, strict=True)],
            failures | before.failures,
            name if is_first else f"{before.signature},then_{name}",
        )

    def _outputs(
        self, request: FeatureRequest, model: Model, contents: Sequence[dict[str, list[Item]]]
    ) -> dict[str, VectorOutputs | GeneratedOutputs]:
        if model.info.hash not in self._runners:
            self._runners[model.info.hash] = InferenceRunner(
                model, self._context, role=request.chosen_by
            )
        requests = {
            name: Requests(
                [with_media(one, _original) for lists in contents for one in lists.get(name, [])],
                modality,
                role,
                normalise=request.normalise,
                method=request.method,
                options=request.generation,
                labels=request.labels,
            )
            for name, (modality, role) in request.modalities.items()
        }
        outputs = self._runners[model.info.hash].answers(requests)
        if request.chosen_by:
            self._record_role(request.chosen_by, model)
        return outputs

    def _record_role(self, role: str, model: Model) -> None:
        """Add the tokens of a model with a role, such as a judge, and a note with its name."""
        costs, info = self._context.costs, model.info
        costs.add_usage(role, _name(info), self._runners[info.hash].usage)
        note = f"{role}: {info.name}{f'@{info.checkpoint}' if info.checkpoint else ''}"
        costs.notes += [note] if note not in costs.notes else []


def _are_same(cached: Sequence[Prediction], predictions: Sequence[Prediction]) -> bool:
    """Return whether two lists contain the same predictions.

    They do if they have the same immutable objects, or are tables with equal columns.
    """
    if cached is predictions or len(cached) != len(predictions):
        return cached is predictions
    if isinstance(cached, Table) and isinstance(predictions, Table):
        pairs = ((one, predictions.columns[name]) for name, one in cached.columns.items())
        return all(type(one) is type(other) and equal(one, other) for one, other in pairs)
    return all(one is other for one, other in zip(cached, predictions, strict=True))


def _model_name(metric: str, wants: FeatureRequest, options: RunSettings) -> str:
    """Return the name of a metric's model, in the form of the flag `-m`."""
    if wants.chosen_by and wants.model is None:
        chosen: str | None = getattr(options, wants.chosen_by)
        if chosen is None:
            raise Missing(
                f"no {wants.chosen_by} was chosen; add --{wants.chosen_by} MODEL, or write @MODEL"
                " after the metric's name in a task"
            )
        return chosen
    if wants.model is None:
        raise UserError(f"metric {metric} has no default model; use {metric}@MODEL")
    file = wants.files.get(wants.model)
    if file is None:
        return wants.model
    if file.option not in options.metric_models:
        raise Missing(f"metric {metric} needs {file.hint}")
    return f"{wants.model}@{options.metric_models[file.option]}"


def _flag(wants: FeatureRequest) -> str:
    """Return the flag that chose the model of a request, such as `--judge`; "" if none did."""
    if wants.model is None:
        return f"--{wants.chosen_by}" if wants.chosen_by else ""
    file = wants.files.get(wants.model)
    return f"--{file.option.replace('_', '-')}" if file else ""


def _up_to_model(metric: str, request: FeatureRequest, first: FeatureRequest) -> str:
    """Return a metric's name up to that of the model of a request: `fense@`, `fense@,`."""
    if request is first:
        return metric.partition("@")[0] + "@"
    name = metric.partition(",")[0]
    return f"{name}," if "@" in name else f"{name}@,"


def _missing_model(metric: str, error: ModelError, named: str) -> Missing:
    return Missing(
        f"metric {metric} needs a model: {error}; or use another model: {named}NAME@FOLDER"
    )


def _check_contents(metric: str, wants: FeatureRequest, contents: Sequence[object]) -> None:
    """Raise UserError unless each prediction's contents are a dict of lists.

    The keys of the dict must be the keys of `wants.modalities`.
    """
    for lists in contents:
        if not isinstance(lists, dict) or not all(
            name in wants.modalities and isinstance(one, list) for name, one in lists.items()
        ):
            names = ", ".join(wants.modalities)
            raise UserError(
                f"metric {metric}: `contents` of its `wants` returned {plain(repr(lists), 80)};"
                f" return a dict of lists with the keys of `modalities` ({names})"
            )


def _by_prediction(
    contents: Sequence[dict[str, list[Item]]], answers: dict[str, VectorOutputs | GeneratedOutputs]
) -> tuple[list[Features], dict[int, str]]:
    features: list[Features] = [{} for _ in contents]
    failures: dict[int, str] = {}
    for name, outputs in answers.items():
        ends = np.cumsum([0] + [len(lists.get(name, [])) for lists in contents]).tolist()
        rows = outputs.vectors if isinstance(outputs, VectorOutputs) else _values(outputs)
        for row, (start, end) in enumerate(pairwise(ends)):
            features[row][name] = rows[start:end]
        owners = np.searchsorted(ends, list(outputs.failures), side="right") - 1
        for owner, why in zip(owners.tolist(), outputs.failures.values(), strict=True):
            failures.setdefault(owner, why)
    return features, failures


def _original(medium: Media) -> Media:
    """Return a media item as a metric sees it: an output is judged by the unperturbed input."""
    return replace(medium, perturbation=None) if medium.perturbation else medium


def _values(outputs: GeneratedOutputs) -> list[Any]:
    """Return the generated texts, with "" for each failed request, or the other outputs."""
    return [
        "" if one is None else one.text if isinstance(one, GeneratedText) else one
        for one in outputs.values
    ]


def _name(info: ModelInfo) -> str:
    """Return the name of a model in signatures: `clip@openai/clip-vit-base-patch32#3d74acf9`.

    Local paths are left out.
    """
    checkpoint = info.checkpoint if info.revision else None
    options = "".join(f",{key}={value}" for key, value in sorted(info.options.items()))
    return f"{info.name}{f'@{checkpoint}' if checkpoint else ''}#{info.hash[:8]}{options}"
