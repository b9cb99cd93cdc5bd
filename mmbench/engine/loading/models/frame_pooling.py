"""`frames+NAME`: an image model applied to videos as sampled frames."""

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
    SplitsReasoning,
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

InputKind = Modality | Literal["conversation"]  # the type of input that `prepare` gets


class _FramePooling:
    """The base of wrappers of an image model, which converts videos to images."""

    def __init__(self, model: object, frames: Frames) -> None:
        self._model = model
        self._name = f"frames+{type(model).__name__}"
        self.frames = frames
        if isinstance(model, Hears):
            self.rate = model.rate
        if isinstance(model, TakesEncoded):
            self.encoded_images = model.encoded_images
        if isinstance(model, SplitsReasoning):
            self.splits_reasoning = model.splits_reasoning

    def prepare(self, item: object, modality: InputKind) -> object:
        """Prepare an item for the image model; a video becomes a list of prepared images."""
        if modality == "conversation" and isinstance(item, tuple):
            return self._prepare(tuple(_with_pictures(message) for message in item), modality)
        if isinstance(item, VideoFrames):
            return [self._prepare(image, "image") for image in _pictures(item)]
        return self._prepare(item, modality)

    def _prepare(self, item: object, modality: InputKind) -> object:
        return self._model.prepare(item, modality) if isinstance(self._model, Prepares) else item


class _PooledEmbeddings(_FramePooling):
    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:
        """Return the mean unit vector of each video's frames, [n, d].

        Items of other modalities get the model's own vectors. Source: Luo et al. 2021, arXiv
        2104.08860 (CLIP4Clip), section 3.3, mean pooling.
        """
        import numpy as np

        assert isinstance(self._model, Embeds)  # `frame_pooling_class` checked the methods
        if modality != "video":
            return np.asarray(self._model.embed(items, modality, role))
        frames = self._model.embed([one for clip in items for one in clip], "image", role)
        unit = frames / np.linalg.norm(frames, axis=1, keepdims=True)
        return _means(unit, items)


class _PooledScores(_FramePooling):
    @property
    def labels(self) -> list[str]:
        """The class names of the image model."""
        return labels_of(self._model, self._name)

    def classify(self, items: Sequence[Any], modality: Modality) -> NDArray[np.float64] | Array:
        """Return the mean class scores of each video's frames, [n, c] in float64.

        Logits are averaged without a softmax. Source: Wang et al. 2016, arXiv 1608.00859 (TSN),
        section 3.1, average consensus.
        """
        import numpy as np

        if modality != "video":
            return np.asarray(cast(Classifies, self._model).classify(items, modality))
        frames = [one for clip in items for one in clip]
        scores = class_scores(self._model, frames, "image", self._name)
        return _means(scores.astype(np.float64), items)


class _FramesInText(_FramePooling):
    def write(
        self, conversations: Sequence[object], options: GenerationConfig
    ) -> Sequence[GeneratedText | SampleError]:
        """Generate texts for conversations in which images replace videos."""
        assert isinstance(self._model, Writes)
        return self._model.write(conversations, options)


class _FramesInTextEach(_FramePooling):
    def write_each(
        self, conversations: Iterable[object], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """Yield (index, generated text) for each conversation, in the order of completion."""
        assert isinstance(self._model, WritesEach)
        return self._model.write_each(conversations, options)


class _FramesInLikelihood(_FramePooling):
    def loglikelihood(self, conversations: Sequence[object], texts: Sequence[str]) -> Array:
        """Return the log-likelihoods of texts after conversations in which images replace videos.

        The result is [n, 2]: the log-likelihood of each text and its number of tokens.
        """
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
    """Return a class that accepts videos, from a class that accepts images."""
    bases = tuple(base for method, base in _BY_METHOD.items() if hasattr(cls, method))
    modalities: frozenset[Modality] = cls.modalities | {"video"}
    scale = {"scores": cls.scores} if hasattr(cls, "scores") else {}
    pooled: Any = type(f"Framed{cls.__name__}", bases, {"modalities": modalities, **scale})
    model_class: ModelClass = pooled  # mypy does not know its type
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


def _means(vectors: NDArray[Float], clips: Sequence[Sequence[object]]) -> NDArray[Float]:
    """Return the mean [n, d] of each video's vectors, from [frames of all videos, d]."""
    import numpy as np

    ends = np.cumsum([len(clip) for clip in clips])
    means = [part.mean(axis=0) for part in np.split(vectors, ends[:-1])]
    return np.stack(means) if means else vectors
