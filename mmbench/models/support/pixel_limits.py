"""Pixel limits of images and video frames, by the rules of Qwen-VL.

Source of the constants and rules for videos: `fetch_video` of qwen-vl-utils 0.0.14
(`qwen_vl_utils/vision_process.py`, https://pypi.org/project/qwen-vl-utils/0.0.14). Until release
0.0.8, the default of `total_pixels` was 24,576 tokens, and `max_pixels` of a frame could exceed the
other limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mmbench.errors import ContentError, ModelError
from mmbench.types import Message, VideoFrames

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Configuration, Processor
    from mmbench.types import DecodedPart

_MAX_RATIO = 200  # MAX_RATIO: largest ratio of the sides of an image
_FRAME_FACTOR = 2  # FRAME_FACTOR: number of frames merged into one
_FRAME_TOKENS = 128, 768  # VIDEO_MIN_TOKEN_NUM, VIDEO_MAX_TOKEN_NUM: range for a frame
_TOTAL_TOKENS = 128_000 * 0.9  # MODEL_SEQ_LEN · 0.9: limit for a video
_SLACK = 1.05  # times the smallest frame; total_pixels makes no frame smaller


class PixelLimits(Struct, frozen=True, kw_only=True):
    """The smallest and largest number of pixels of a resized image.

    `min_pixels` and `max_pixels` replace the limits in the checkpoint's image processor. Raises
    ModelError for values out of range.
    """

    min_pixels: int | None = None
    max_pixels: int | None = None

    def __post_init__(self) -> None:
        """Raise ModelError for limits below 1 and for an empty range."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ModelError(f"option {name}={value} must be an integer from 1 on")
        _refuse_empty(self, self.min_pixels, self.max_pixels, "an image")


class VideoPixelLimits(PixelLimits, frozen=True, kw_only=True):
    """Limits for each image and each frame, and `total_pixels`, the limit for a whole video.

    Missing limits have the defaults of qwen-vl-utils for frames and of the checkpoint for images.
    """

    total_pixels: int | None = None

    @property
    def any_given(self) -> bool:
        """Whether at least one limit is given."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__)


def limit_images(processor: Processor, limits: PixelLimits, folder: Path | None) -> None:
    """Set the limits of the image processor of the checkpoint in `folder`.

    Raises ModelError if the processor has no such limits, and for an empty range.
    """
    if limits.min_pixels is None and limits.max_pixels is None:
        return
    images: Configuration = processor.image_processor
    if "min_pixels" not in getattr(images.valid_kwargs, "__annotations__", {}):
        name = "min_pixels" if limits.max_pixels is None else "max_pixels"
        raise ModelError(
            f"checkpoint {folder}: {type(images).__name__} has no pixel limits; leave out {name}"
        )
    size = {"shortest_edge": images.size["shortest_edge"]}  # pixels of the image, despite the names
    size["longest_edge"] = images.size["longest_edge"]
    if limits.min_pixels is not None:
        size["shortest_edge"] = limits.min_pixels
    if limits.max_pixels is not None:
        size["longest_edge"] = limits.max_pixels
    _refuse_empty(limits, size["shortest_edge"], size["longest_edge"], "an image")
    images.size = type(images.size)(**size)


class FrameResizer:
    """Resizes video frames as qwen-vl-utils does, instead of the processor of the checkpoint.

    Raises ModelError if the video processor is not of the Qwen-VL family, and if the limits leave
    no size for a frame.
    """

    def __init__(self, processor: Processor, limits: VideoPixelLimits, folder: Path | None) -> None:
        videos: Configuration = processor.video_processor
        if not hasattr(videos, "patch_size") or not hasattr(videos, "merge_size"):
            raise ModelError(
                f"checkpoint {folder}: {type(videos).__name__} has no pixel limits; leave out"
                " total_pixels"
            )
        self._factor, self._limits = videos.patch_size * videos.merge_size, limits
        least, _ = frame_range(limits, 1, self._factor)
        _refuse_empty(limits, least, limits.max_pixels, "a frame of a video")
        videos.do_resize = False

    def resized(self, conversation: Sequence[Message[DecodedPart]]) -> list[Message[DecodedPart]]:
        """Return a conversation with its videos resized for the model.

        Raises ContentError if one side of a frame is more than 200 times the other.
        """
        return [Message(turn.role, tuple(map(self._part, turn.parts))) for turn in conversation]

    def _part(self, part: DecodedPart) -> DecodedPart:
        if not isinstance(part, VideoFrames):
            return part
        import torch
        from torchvision.transforms import InterpolationMode, functional

        n, height, width, _ = part.frames.shape
        size = smart_resize(
            height, width, self._factor, *frame_range(self._limits, n, self._factor)
        )
        pixels = torch.from_numpy(part.frames).permute(0, 3, 1, 2)
        resized = functional.resize(pixels, list(size), InterpolationMode.BICUBIC, antialias=True)
        return part._replace(frames=resized.permute(0, 2, 3, 1).contiguous().numpy())


def frame_range(limits: VideoPixelLimits, n: int, factor: int) -> tuple[float, float]:
    """Return the smallest and largest number of pixels of each of n frames.

    `factor` is the side in pixels of the square that becomes one token.
    """
    token = factor * factor
    least = _FRAME_TOKENS[0] * token if limits.min_pixels is None else limits.min_pixels
    total = _TOTAL_TOKENS * token if limits.total_pixels is None else limits.total_pixels
    share = min(_FRAME_TOKENS[1] * token, total / n * _FRAME_FACTOR)
    most = max(share, int(least * _SLACK))
    return least, most if limits.max_pixels is None else min(limits.max_pixels, most)


def smart_resize(
    height: int, width: int, factor: int, least: float, most: float
) -> tuple[int, int]:
    """Return the height and width of a resized frame with `least` to `most` pixels.

    Both are multiples of `factor`, and the aspect ratio is kept as far as possible. Source:
    `smart_resize` of qwen-vl-utils; in addition, a side never becomes 0. Raises ContentError for a
    ratio above 200.
    """
    if max(height, width) > _MAX_RATIO * min(height, width):
        raise ContentError(
            f"the frames have {width} x {height} pixels; one side is more than {_MAX_RATIO} times"
            " the other"
        )
    sides = [max(factor, round(side / factor) * factor) for side in (height, width)]
    if sides[0] * sides[1] > most:
        scale = math.sqrt(height * width / most)
        sides = [
            max(factor, math.floor(side / scale / factor) * factor) for side in (height, width)
        ]
    elif sides[0] * sides[1] < least:
        scale = math.sqrt(least / (height * width))
        sides = [math.ceil(side * scale / factor) * factor for side in (height, width)]
    return sides[0], sides[1]


def _refuse_empty(limits: PixelLimits, least: float | None, most: float | None, item: str) -> None:
    """Raise ModelError if the smallest number of pixels of an item is above the largest."""
    if least is None or most is None or least <= most:
        return
    if limits.max_pixels is not None:
        raise ModelError(
            f"option max_pixels={most} is below the smallest number of pixels of {item}, {least};"
            " give a smaller min_pixels"
        )
    raise ModelError(
        f"option min_pixels={least} is above the largest number of pixels of {item}, {most}; give"
        " a larger max_pixels"
    )
