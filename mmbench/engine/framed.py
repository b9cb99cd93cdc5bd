"""`frames+NAME`: a model of images looks at a video as the frames that are sampled of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mmbench.engine.calls import labels_of, scores_of
from mmbench.protocols import ModelClass, Prepares, TakesEncoded
from mmbench.types import Clip, Frames, Generation, Message, Modality, Role

if TYPE_CHECKING:
    from mmbench.types import Array

COUNT = 8  # frames of a video, unless the option `frames` says otherwise


class _Framed:
    """What all share: the model behind, and a clip as its pictures."""

    def __init__(self, model: Any, count: int) -> None:
        self._model = model
        self.frames = Frames(count)
        if hasattr(model, "rate"):
            self.rate: int = model.rate
        if isinstance(model, TakesEncoded):
            self.encoded_images = model.encoded_images

    def prepare(self, item: Any, modality: Any) -> Any:
        """A clip becomes a list of prepared pictures; anything else is the model's own."""
        if modality == "conversation":
            return self._prepare(tuple(_spread(message) for message in item), modality)
        if isinstance(item, Clip):
            return [self._prepare(image, "image") for image in _pictures(item)]
        return self._prepare(item, modality)

    def _prepare(self, item: Any, modality: Any) -> Any:
        return self._model.prepare(item, modality) if isinstance(self._model, Prepares) else item


class _Embeds(_Framed):
    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:
        """The mean of the unit vectors of a video's frames [n, d].

        Source: Luo et al. 2021, arXiv 2104.08860 (CLIP4Clip), section 3.3, mean pooling.
        """
        import numpy as np

        if modality != "video":
            return np.asarray(self._model.embed(items, modality, role))
        frames = self._model.embed([one for clip in items for one in clip], "image", role)
        unit = frames / np.linalg.norm(frames, axis=1, keepdims=True)
        return np.asarray(_means(unit, len(items)))


class _Classifies(_Framed):
    @property
    def labels(self) -> list[str]:
        """Those of the model."""
        return labels_of(self._model, f"frames+{type(self._model).__name__}")

    def classify(self, items: Sequence[Any], modality: Modality) -> Array:
        """The mean of the scores of a video's frames [n, c], in float64: logits as they are.

        Source: Wang et al. 2016, arXiv 1608.00859 (TSN), section 3.1, average consensus.
        """
        import numpy as np

        if modality != "video":
            return np.asarray(self._model.classify(items, modality))
        frames = [one for clip in items for one in clip]
        scores = scores_of(self._model, frames, "image", f"frames+{type(self._model).__name__}")
        return np.asarray(_means(scores.astype(np.float64), len(items)))


class _Writes(_Framed):
    def write(self, conversations: Sequence[Any], options: Generation) -> Sequence[Any]:
        """What the model says to the conversation with pictures in the place of videos."""
        found: Sequence[Any] = self._model.write(conversations, options)
        return found


class _WritesEach(_Framed):
    def write_each(self, conversations: Iterable[Any], options: Generation) -> Iterator[Any]:
        """What the model says to each conversation, as the answers arrive."""
        found: Iterator[Any] = self._model.write_each(conversations, options)
        return found


class _Rates(_Framed):
    def loglikelihood(self, conversations: Sequence[Any], texts: Sequence[str]) -> Array:
        """What the model says of the conversation with pictures in the place of videos."""
        import numpy as np

        return np.asarray(self._model.loglikelihood(conversations, texts))


_BY_METHOD = {
    "embed": _Embeds,
    "classify": _Classifies,
    "write": _Writes,
    "write_each": _WritesEach,
    "loglikelihood": _Rates,
}


def framed(cls: ModelClass) -> ModelClass:
    """Return the class of a model that takes videos, from that of one that takes images."""
    bases = tuple(base for method, base in _BY_METHOD.items() if hasattr(cls, method))
    modalities: frozenset[Modality] = cls.modalities | {"video"}
    same = {"scores": cls.scores} if hasattr(cls, "scores") else {}
    made: Any = type(f"Framed{cls.__name__}", bases, {"modalities": modalities, **same})
    found: ModelClass = made  # its type is not known: it was made here
    return found


def _pictures(clip: Clip) -> list[Any]:
    from PIL import Image

    return [Image.fromarray(frame) for frame in clip.frames]


def _spread(message: Message) -> Message:
    parts = [
        one
        for part in message.parts
        for one in (_pictures(part) if isinstance(part, Clip) else [part])
    ]
    return Message(message.role, tuple(parts))


def _means(vectors: Any, n: int) -> Any:
    return vectors.reshape(n, -1, vectors.shape[1]).mean(axis=1)
