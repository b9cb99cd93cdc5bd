"""The contents of samples: texts, images, sounds, videos, and conversations of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    import typing_extensions
    from numpy.typing import NDArray
    from PIL.Image import Image

    Array = NDArray[np.float32]
    # The decoded form of a text, an image, a sound and a video, alone or in a Message. A model with
    # `encoded_images` gets an EncodedImage in place of each image.
    DecodedPart: TypeAlias = "str | Image | Audio | VideoFrames"
    # The parts of a Message are Contents by default (Python 3.13 has defaults of type parameters).
    PartT = typing_extensions.TypeVar("PartT", covariant=True, default="Content")
else:
    Array = Any
    PartT = TypeVar("PartT", covariant=True)


Modality = Literal["text", "image", "audio", "video"]


Role = Literal["query", "document"]


class Media(Struct, frozen=True):
    """A reference to an image, a sound or a video, which is read and decoded only when needed.

    Errors show `name`: a path, or the origin of the bytes ("row 12 of x.parquet"). `read` returns
    the encoded bytes; where it is None, `name` is a path on disk.
    """

    modality: Modality
    name: str
    read: Callable[[], bytes] | None = None


class InvalidContent(Struct, frozen=True):
    """A placeholder for a text or a medium that cannot be evaluated, with the reason.

    `name` is the path of a missing medium.
    """

    reason: str
    name: str = ""


Content = str | Media | InvalidContent


class Audio(NamedTuple):
    """A decoded sound: samples float32 [n], mono, from -1 to 1, at `rate` samples a second."""

    samples: Array
    rate: int


class EncodedImage(Struct, frozen=True):
    """A decoded image with the bytes of its file.

    `pixels` is a PIL.Image in RGB. `mime` is the media type of `data` (image/jpeg, image/png,
    image/webp) if every decoder returns the same pixels, otherwise empty.
    """

    pixels: Image
    data: bytes
    mime: str


class VideoFrames(NamedTuple):
    """Decoded frames of a video: uint8 [t, h, w, 3], RGB and upright, shown at `seconds` [t]."""

    frames: NDArray[np.uint8]
    seconds: tuple[float, ...]


class Frames(Struct, frozen=True):
    """The frames of a video that a model takes.

    Without a `stride`, the video (or the part that a view covers) is divided into `count` equal
    segments, and the middle frame of each is taken. With a `stride`, `count` frames are taken,
    `stride` frames apart; the windows of several views are spread evenly over the video.
    """

    count: int
    stride: int | None = None


class View(Struct, frozen=True):
    """One of several views of a video: clip `clip` of `clips` in time, square `crop` of `crops`.

    A crop is a square with the length of the shorter side; crops are spread evenly along the longer
    side. With one crop the frames stay whole, and the model's own preprocessing crops them.
    """

    media: Media
    clip: int = 0
    clips: int = 1
    crop: int = 0
    crops: int = 1


class Message(Struct, Generic[PartT], frozen=True):
    """One turn of a conversation: texts and media in order.

    The parts are Contents until the engine decodes them. A model gets a `Message[DecodedPart]`,
    with str, PIL.Image, Audio and VideoFrames in their place.
    """

    role: Literal["system", "user", "assistant"]
    parts: tuple[PartT, ...]


Conversation = tuple[Message, ...]


class ContinuationRequest(Struct, frozen=True):
    """A request for the likelihood of a text as the answer to a conversation."""

    conversation: Conversation
    text: str


class SeededPrompt(Struct, frozen=True):
    """A prompt for image generation, with the seed of the noise."""

    prompt: str
    seed: int


Item = Content | View | Conversation | ContinuationRequest | SeededPrompt
