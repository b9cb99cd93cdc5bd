"""Late fusion: the weighted average of the outputs of several models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmbench.engine.dispatch import class_scores, labels_of, scale_of
from mmbench.engine.loading.models.frame_pooling import InputKind
from mmbench.errors import ModelError
from mmbench.kinds.classification.names import columns_of_model
from mmbench.protocols import Embeds, ModelClass, Prepares
from mmbench.text import listed
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmbench.types import Array


class _Ensemble:
    """The base of ensembles: models, their weights (normalised to sum 1), and item preparation."""

    def __init__(self, models: Sequence[object], weights: Sequence[float]) -> None:
        self._models = models
        self._weights = [weight / sum(weights) for weight in weights]
        for name in ("rate", "frames"):
            values = {getattr(model, name) for model in models if hasattr(model, name)}
            if len(values) > 1:
                raise ModelError(f"late fusion: the models have different {name}: {values}")
            for value in values:
                setattr(self, name, value)

    def prepare(self, item: object, modality: InputKind) -> list[object]:
        """Prepare an item for each model; return the prepared items in the order of the models."""
        return [
            model.prepare(item, modality) if isinstance(model, Prepares) else item
            for model in self._models
        ]

    def _each(self, items: Sequence[Sequence[object]]) -> list[tuple[object, float, list[object]]]:
        """Return each model with its weight and its own prepared items."""
        own = [list(column) for column in zip(*items, strict=True)]
        return list(zip(self._models, self._weights, own, strict=True))


class _EmbeddingEnsemble(_Ensemble):
    def embed(self, items: Sequence[Sequence[object]], modality: Modality, role: Role) -> Array:
        """Return the unit vectors of all models, weighted and concatenated, [n, sum of d].

        Each model's vectors are multiplied by the square root of its weight, so that the dot
        product of two results is the weighted mean of the models' cosines.
        """
        import numpy as np

        parts = []
        for model, weight, own in self._each(items):
            assert isinstance(model, Embeds)  # `ensemble_class` checked the methods
            vectors = model.embed(own, modality, role)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            parts.append(vectors / np.where(lengths > 0, lengths, 1) * weight**0.5)
        return np.concatenate(parts, axis=1)


class _ClassifierEnsemble(_Ensemble):
    @property
    def labels(self) -> list[str]:
        """The labels of the first model; the other models have the same labels in any order.

        Raises ModelError if the models have different labels, or a model has a label twice.
        """
        for model in self._models:
            self._order(model)
        return self._first()

    def classify(
        self, items: Sequence[Sequence[object]], modality: Modality
    ) -> NDArray[np.float64]:
        """Return the weighted mean of the models' scores [n, c] in float64.

        Logits are averaged without normalisation: a softmax of the mean is the logarithmic opinion
        pool (Genest and Zidek 1986, Statistical Science 1), and in multi-label tasks the log-odds
        of each label are averaged. The mean of probabilities is the linear opinion pool. Raises
        ModelError if the models have different labels, or a model has a label twice.
        """
        import numpy as np

        scores = [
            weight * class_scores(model, own, modality, _name(model))[:, self._order(model)]
            for model, weight, own in self._each(items)
        ]
        return np.asarray(np.sum(scores, axis=0, dtype=np.float64))

    def _first(self) -> list[str]:
        return labels_of(self._models[0], _name(self._models[0]))

    def _order(self, model: object) -> NDArray[np.intp]:
        own, expected = labels_of(model, _name(model)), self._first()
        if only := sorted(set(own) ^ set(expected)):
            raise ModelError(
                f"late fusion: the models have different labels; some models lack {listed(only)}"
            )
        return columns_of_model(own, expected, _name(model))


def _name(model: object) -> str:
    return f"late fusion: the model {type(model).__name__}"


_BY_METHOD = {"embed": _EmbeddingEnsemble, "classify": _ClassifierEnsemble}


def ensemble_class(classes: Sequence[ModelClass]) -> ModelClass:
    """Return the class of an ensemble, with the methods that all of its models have.

    The methods are `embed` and `classify`. Raises ModelError if the models have neither in common,
    or have scores on different scales.
    """
    methods = [m for m in _BY_METHOD if all(hasattr(cls, m) for cls in classes)]
    if not methods:
        raise ModelError(
            "late fusion: the models have neither embed nor classify in common; choose other models"
        )
    modalities = frozenset.intersection(*(cls.modalities for cls in classes))
    scales = {scale_of(cls, f"model {cls.__name__}") for cls in classes if "classify" in methods}
    if len(scales) > 1:
        raise ModelError(
            "late fusion: some models return logits and others probabilities; choose models with"
            " the same scale of scores"
        )
    scale = scales.pop() if scales else "logits"
    attributes = {"modalities": modalities, "scores": scale}
    fused: Any = type("Late", tuple(_BY_METHOD[m] for m in methods), attributes)
    model_class: ModelClass = fused  # mypy does not know its type
    return model_class
