"""What models are asked about: texts, images, sounds, videos, and conversations of them."""

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
    # What a model is given for a text, an image, a sound and a video, by itself or in a Message. A
    # model that asks for encoded images is given an EncodedImage in the place of each image.
    DecodedPart: TypeAlias = "str | Image | Audio | VideoFrames"
    # The parts of a Message are Contents unless it says otherwise (Python 3.13 has such defaults).
    PartT = typing_extensions.TypeVar("PartT", covariant=True, default="Content")
else:
    Array = Any
    PartT = TypeVar("PartT", covariant=True)


Modality = Literal["text", "image", "audio", "video"]


Role = Literal["query", "document"]


class Media(Struct, frozen=True):
    """A reference to an image, a sound or a video; nothing is read or decoded until it is needed.

    `name` is what errors show: a path, or where the bytes come from ("row 12 of x.parquet").
    `read` returns the encoded bytes; None means that `name` is a path on disk.
    """

    modality: Modality
    name: str
    read: Callable[[], bytes] | None = None


class InvalidContent(Struct, frozen=True):
    """Stands where a text or a medium should be, and says why it cannot be evaluated.

    `name` is the path of a medium that is not there.
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

    `pixels` is a PIL.Image in RGB. `mime` is the type of `data` (image/jpeg, image/png, image/webp)
    where any decoder sees the same pixels in it, else empty.
    """

    pixels: Image
    data: bytes
    mime: str


class VideoFrames(NamedTuple):
    """Decoded frames of a video: uint8 [t, h, w, 3], RGB and upright, shown at `seconds` [t]."""

    frames: NDArray[np.uint8]
    seconds: tuple[float, ...]


class Frames(Struct, frozen=True):
    """Which frames of a video a model looks at.

    Without a `stride` the video, or the part of it that a view covers, is cut into `count` equal
    parts, and the frame in the middle of each is taken. With one, `count` frames that are `stride`
    frames apart; the windows of several views are spread evenly from the first to the last frame.
    """

    count: int
    stride: int | None = None


class View(Struct, frozen=True):
    """One of several looks at a video: clip `clip` of `clips` in time, square `crop` of `crops`.

    A crop is a square of the shorter side, the crops spread evenly along the longer one; with
    `crops` 1 the frames are left whole, and the model's own preprocessing cuts them.
    """

    media: Media
    clip: int = 0
    clips: int = 1
    crop: int = 0
    crops: int = 1


class Message(Struct, Generic[PartT], frozen=True):
    """One turn of a conversation: texts and media in their order.

    The parts are Contents until the engine has decoded them; a model gets str, PIL.Image, Audio and
    VideoFrames in their place, a `Message[DecodedPart]`.
    """

    role: Literal["system", "user", "assistant"]
    parts: tuple[PartT, ...]


Conversation = tuple[Message, ...]


class ContinuationRequest(Struct, frozen=True):
    """A conversation and a text whose likelihood as the answer is asked for."""

    conversation: Conversation
    text: str


class SeededPrompt(Struct, frozen=True):
    """A prompt to draw, with the seed of its noise."""

    prompt: str
    seed: int


Item = Content | View | Conversation | ContinuationRequest | SeededPrompt
