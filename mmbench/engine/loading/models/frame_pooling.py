"""`frames+NAME`: a model of images looks at a video as the frames that are sampled of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from mmbench.engine.dispatch import class_scores, labels_of
from mmbench.errors import SampleError
from mmbench.protocols import (
    Classifies,
    Embeds,
    Hears,
    ModelClass,
    Prepares,
    Rates,
    TakesEncoded,
    Writes,
    WritesEach,
)
from mmbench.types import (
    Frames,
    GeneratedText,
    GenerationConfig,
    Message,
    Modality,
    Role,
    VideoFrames,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mmbench.types import Array

    Float = TypeVar("Float", np.float32, np.float64)

InputKind = Modality | Literal["conversation"]  # of what is prepared
DEFAULT_FRAMES = 8  # frames of a video, unless the option `frames` says otherwise


class _FramePooling:
    """What all share: the model behind, and a clip as its pictures."""

    def __init__(self, model: object, count: int) -> None:
        self._model = model
        self._name = f"frames+{type(model).__name__}"
        self.frames = Frames(count)
        if isinstance(model, Hears):
            self.rate = model.rate
        if isinstance(model, TakesEncoded):
            self.encoded_images = model.encoded_images

    def prepare(self, item: object, modality: InputKind) -> object:
        """A clip becomes a list of prepared pictures; anything else is the model's own."""
        if modality == "conversation" and isinstance(item, tuple):
            return self._prepare(tuple(_with_pictures(message) for message in item), modality)
        if isinstance(item, VideoFrames):
            return [self._prepare(image, "image") for image in _pictures(item)]
        return self._prepare(item, modality)

    def _prepare(self, item: object, modality: InputKind) -> object:
        return self._model.prepare(item, modality) if isinstance(self._model, Prepares) else item


class _PooledEmbeddings(_FramePooling):
    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:
        """The mean of the unit vectors of a video's frames [n, d].

        Source: Luo et al. 2021, arXiv 2104.08860 (CLIP4Clip), section 3.3, mean pooling.
        """
        import numpy as np

        assert isinstance(self._model, Embeds)  # the class was made for its methods
        if modality != "video":
            return np.asarray(self._model.embed(items, modality, role))
        frames = self._model.embed([one for clip in items for one in clip], "image", role)
        unit = frames / np.linalg.norm(frames, axis=1, keepdims=True)
        return _means(unit, len(items))


class _PooledScores(_FramePooling):
    @property
    def labels(self) -> list[str]:
        """Those of the model."""
        return labels_of(self._model, self._name)

    def classify(self, items: Sequence[Any], modality: Modality) -> NDArray[np.float64] | Array:
        """The mean of the scores of a video's frames [n, c], in float64: logits as they are.

        Source: Wang et al. 2016, arXiv 1608.00859 (TSN), section 3.1, average consensus.
        """
        import numpy as np

        if modality != "video":
            return np.asarray(cast(Classifies, self._model).classify(items, modality))
        frames = [one for clip in items for one in clip]
        scores = class_scores(self._model, frames, "image", self._name)
        return _means(scores.astype(np.float64), len(items))


class _FramesInText(_FramePooling):
    def write(
        self, conversations: Sequence[object], options: GenerationConfig
    ) -> Sequence[GeneratedText | SampleError]:
        """What the model says to the conversation with pictures in the place of videos."""
        assert isinstance(self._model, Writes)
        return self._model.write(conversations, options)


class _FramesInTextEach(_FramePooling):
    def write_each(
        self, conversations: Iterable[object], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """What the model says to each conversation, as the answers arrive."""
        assert isinstance(self._model, WritesEach)
        return self._model.write_each(conversations, options)


class _FramesInLikelihood(_FramePooling):
    def loglikelihood(self, conversations: Sequence[object], texts: Sequence[str]) -> Array:
        """What the model says of the conversation with pictures in the place of videos."""
        assert isinstance(self._model, Rates)
        return self._model.loglikelihood(conversations, texts)


_BY_METHOD = {
    "embed": _PooledEmbeddings,
    "classify": _PooledScores,
    "write": _FramesInText,
    "write_each": _FramesInTextEach,
    "loglikelihood": _FramesInLikelihood,
}


def frame_pooling_class(cls: ModelClass) -> ModelClass:
    """Return the class of a model that takes videos, from that of one that takes images."""
    bases = tuple(base for method, base in _BY_METHOD.items() if hasattr(cls, method))
    modalities: frozenset[Modality] = cls.modalities | {"video"}
    scale = {"scores": cls.scores} if hasattr(cls, "scores") else {}
    pooled: Any = type(f"Framed{cls.__name__}", bases, {"modalities": modalities, **scale})
    model_class: ModelClass = pooled  # its type is not known: it was made here
    return model_class


def _pictures(clip: VideoFrames) -> list[Image]:
    from PIL import Image

    return [Image.fromarray(frame) for frame in clip.frames]


def _with_pictures(message: Message) -> Message:
    parts = [
        one
        for part in message.parts
        for one in (_pictures(part) if isinstance(part, VideoFrames) else [part])
    ]
    return Message(message.role, tuple(parts))


def _means(vectors: NDArray[Float], n: int) -> NDArray[Float]:
    """Return the mean [n, d] of the vectors [n * frames, d] of each video."""
    means: NDArray[Float] = vectors.reshape(n, -1, vectors.shape[1]).mean(axis=1)
    return means
