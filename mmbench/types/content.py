"""The contents of samples: text, images, audio, videos, and conversations that contain them."""

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
    # Decoded text, image, audio or video, alone or in a Message. A model with
    # `encoded_images` gets an EncodedImage in place of each image.
    DecodedPart: TypeAlias = "str | Image | Audio | VideoFrames"
    # The parts of a Message are Contents by default (typing has such defaults from Python 3.13).
    PartT = typing_extensions.TypeVar("PartT", covariant=True, default="Content")
else:
    Array = Any
    PartT = TypeVar("PartT", covariant=True)


Modality = Literal["text", "image", "audio", "video"]


Role = Literal["query", "document"]


class Perturbation(Struct, frozen=True):
    """A defined change of the inputs of a task, such as `noise:3`; docs/robustness.md lists them.

    `name` is that of a function in `mmbench.perturbations`, and `value` its argument. In retrieval,
    `role` limits the change to queries or to documents (`corpus`); "" stands for both. `seed` is
    the seed of random changes. For paraphrases, `file` is the path of their file and `value` its
    name with a hash of its content; "" if the path is unknown.
    """

    name: str
    value: str
    role: Literal["", "query", "corpus"] = ""
    seed: int = 0
    file: str = ""


class Media(Struct, frozen=True):
    """A reference to an image, an audio clip or a video, read and decoded only when needed.

    Error messages show `name`: a path, or the origin of the bytes ("row 12 of x.parquet"). `read`
    returns the encoded bytes; if `read` is None, `name` is a path on disk. `seconds` is the
    duration of audio according to the data; an audio file with another duration is a failed sample.
    `perturbation` is applied to the decoded item, and is part of its content key.
    `span` is the part of a video that is evaluated, from start to end in seconds; None for all.
    """

    modality: Modality
    name: str
    read: Callable[[], bytes] | None = None
    seconds: float | None = None
    perturbation: Perturbation | None = None
    span: tuple[float, float] | None = None


class InvalidContent(Struct, frozen=True):
    """A placeholder for content that cannot be evaluated, with the reason.

    `name` is the path if a media file is missing, otherwise "".
    """

    reason: str
    name: str = ""


Content = str | Media | InvalidContent


class Audio(NamedTuple):
    """Decoded audio: mono float32 samples [n] from -1 to 1, at `rate` samples per second."""

    samples: Array
    rate: int


class EncodedImage(Struct, frozen=True):
    """A decoded image with the bytes of its file.

    `pixels` is a PIL.Image in RGB. `mime` is the media type of `data` (image/jpeg, image/png,
    image/webp) if all decoders decode `data` to the same pixels, otherwise "".
    """

    pixels: Image
    data: bytes
    mime: str


class EncodedVideo(Struct, frozen=True):
    """The bytes of a video file, and their media type (video/mp4, video/webm …)."""

    data: bytes
    mime: str


class VideoFrames(NamedTuple):
    """Decoded video frames, uint8 [t, h, w, 3] RGB and upright, and their display times in seconds,
    [t].

    `duration` is the length of the video in seconds. It is None unless the frames were selected at
    a rate; without a rate, each frame is the middle of an equal segment of the video.
    """

    frames: NDArray[np.uint8]
    seconds: tuple[float, ...]
    duration: float | None = None


class Frames(Struct, frozen=True):
    """The selection of video frames for a model.

    Without `stride` and `fps`, the video (or the part covered by a View) is divided into `count`
    equal segments, and the middle frame of each segment is selected. With a `stride`, `count`
    frames are selected, `stride` frames apart; the windows of several views are spread evenly over
    the video.

    With `fps`, this number of frames per second of video is selected, at most `count` and at least
    `minimum`, spread evenly from the first frame to the last. The number of frames is even and at
    most the number of frames in the video; of a video with a single frame, this frame is selected.
    Raises ValueError if both `stride` and `fps` are given.
    """

    count: int
    stride: int | None = None
    fps: float | None = None
    minimum: int = 1

    def __post_init__(self) -> None:
        """Raise ValueError if both `stride` and `fps` are given."""
        if self.stride is not None and self.fps is not None:
            raise ValueError("Frames: give stride or fps, not both")


class View(Struct, frozen=True):
    """One view of a video: clip number `clip` of `clips` and crop number `crop` of `crops`.

    Numbers start at 0. Clips are temporal; crops are spatial. A crop is a square with the frame's
    shorter side as its length; crops are spread evenly along the longer side. If `crops` is 1,
    frames are not cropped here: the model's own preprocessing crops them.
    """

    media: Media
    clip: int = 0
    clips: int = 1
    crop: int = 0
    crops: int = 1


class Message(Struct, Generic[PartT], frozen=True):
    """One message of a conversation: its role, and texts and media in order.

    The parts are Contents until the engine decodes them. A model gets a `Message[DecodedPart]`,
    whose parts are str, PIL.Image, Audio and VideoFrames.
    """

    role: Literal["system", "user", "assistant"]
    parts: tuple[PartT, ...]


Conversation = tuple[Message, ...]


class ContinuationRequest(Struct, frozen=True):
    """A request for the likelihood of `text` as the model's answer to a conversation."""

    conversation: Conversation
    text: str


class MatchRequest(Struct, frozen=True):
    """A request for the best matches between the tokens of a text and those of its references."""

    text: str
    references: tuple[str, ...]


class SeededPrompt(Struct, frozen=True):
    """A prompt for image generation, with the seed of the initial noise."""

    prompt: str
    seed: int


Item = Content | View | Conversation | ContinuationRequest | MatchRequest | SeededPrompt
