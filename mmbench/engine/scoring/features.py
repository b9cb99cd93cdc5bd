"""Features that models compute for metrics such as CLIPScore and the FID family."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mmbench.columns import Table, equal
from mmbench.engine.context import RunContext
from mmbench.engine.inference.runner import InferenceRunner
from mmbench.engine.loading.models.resolver import Model, ModelResolver, find
from mmbench.engine.options import RunSettings
from mmbench.errors import Missing, ModelError, UserError
from mmbench.text import plain
from mmbench.types import (
    FeatureRequest,
    Features,
    GeneratedOutputs,
    Item,
    ModelInfo,
    Prediction,
    Requests,
    VectorOutputs,
)


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
        # Metrics of the FID family share features, so the last result is memoised.
        self._last: dict[
            tuple[str, object, bool], tuple[Sequence[Prediction], ExtractedFeatures]
        ] = {}

    def model(self, metric: str, wants: FeatureRequest, argument: int | str | None) -> Model:
        """Find the model of a metric, without loading it.

        `argument` is the argument in the metric's name (`clipscore@MODEL`). Raises Missing if the
        model cannot be found, UserError if it lacks the ability that the metric needs.
        """
        context = self._context
        text, options = _model_choice(metric, wants, argument, context.options)
        family = metric.partition("@")[0]
        try:
            model = find(text, ModelResolver(context.keys, device=context.options.device), options)
        except ModelError as error:
            raise Missing(
                f"metric {metric} needs a model: {error}; or use another model:"
                f" {family}@NAME@FOLDER"
            ) from error
        if model.destination and not context.options.allow_outside:
            raise UserError(
                f"metric {metric} would send files to {model.destination}; use {family}@NAME with"
                " a model on this machine, or pass --allow-outside"
            )
        needed = {modality for modality, _ in wants.modalities.values()}
        if not hasattr(model.cls, wants.method) or needed - model.cls.modalities:
            abilities = f"{wants.method} {' and '.join(sorted(needed))}"
            raise UserError(
                f"metric {metric} needs a model that can {abilities}, which {text} cannot; use"
                f" {family}@NAME with another model"
            )
        return model

    def features(
        self,
        metric: str,
        wants: FeatureRequest,
        argument: int | str | None,
        predictions: Sequence[Prediction],
    ) -> ExtractedFeatures:
        """Return the features of every prediction. Raises the same errors as `model`."""
        model = self.model(metric, wants, argument)
        key = model.info.hash, wants.contents, wants.normalise
        if key in self._last and _are_same(self._last[key][0], predictions):
            return self._last[key][1]
        if model.info.hash not in self._runners:
            self._runners[model.info.hash] = InferenceRunner(model, self._context)
        contents = [wants.contents(prediction) for prediction in predictions]
        _check_contents(metric, wants, contents)
        requests = {
            name: Requests(
                [one for lists in contents for one in lists.get(name, [])],
                modality,
                role,
                normalise=wants.normalise,
                method=wants.method,
            )
            for name, (modality, role) in wants.modalities.items()
        }
        answers = self._runners[model.info.hash].answers(requests)
        features, failures = _by_prediction(contents, answers)
        extracted = ExtractedFeatures(features, failures, f"features={_name(model.info)}")
        self._last[key] = predictions, extracted
        return extracted


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


def _model_choice(
    metric: str, wants: FeatureRequest, argument: int | str | None, options: RunSettings
) -> tuple[str, dict[str, object]]:
    """Return the name of a metric's model, in the form of the flag `-m`, and its options."""
    text, own = wants.variants.get(str(argument), (argument or wants.model, wants.options))
    if text is None:
        raise UserError(f"metric {metric} has no default model; use {metric}@MODEL")
    file = wants.files.get(str(text))
    if file is not None:
        if file.option not in options.metric_models:
            raise Missing(f"metric {metric} needs {file.hint}")
        text = f"{text}@{options.metric_models[file.option]}"
    return str(text), dict(own)


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
        rows = outputs.vectors if isinstance(outputs, VectorOutputs) else _texts(outputs)
        for row, (start, end) in enumerate(pairwise(ends)):
            features[row][name] = rows[start:end]
        owners = np.searchsorted(ends, list(outputs.failures), side="right") - 1
        for owner, why in zip(owners.tolist(), outputs.failures.values(), strict=True):
            failures.setdefault(owner, why)
    return features, failures


def _texts(outputs: GeneratedOutputs) -> list[str]:
    """Return the generated texts, with "" for each failed request."""
    return [output.text if output else "" for output in outputs.values]


def _name(info: ModelInfo) -> str:
    """Return the name of a model in signatures: `clip@openai/clip-vit-base-patch32#3d74acf9`.

    Local paths are left out.
    """
    checkpoint = info.checkpoint if info.revision else None
    options = "".join(f",{key}={value}" for key, value in sorted(info.options.items()))
    return f"{info.name}{f'@{checkpoint}' if checkpoint else ''}#{info.hash[:8]}{options}"
