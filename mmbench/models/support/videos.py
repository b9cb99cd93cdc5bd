"""Video processors of checkpoints, and the conversion of frames to their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import MissingExtra, ModelError
from mmbench.models.support.pretrained import load_image_processor, load_part
from mmbench.types import VideoFrames
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mmbench.models.support.library_types import ImageProcessor

_TICKS = 1000  # per second; processors receive frame times in this unit


def load_video_processor(folder: Path) -> ImageProcessor:
    """Load the processor for video frames from a checkpoint folder.

    This is the video processor if the folder has one, else the image processor. Raises MissingExtra
    if torchvision, which video processors of transformers need, is not installed. Raises ModelError
    if the processor is missing or invalid.
    """
    if not _is_video_processor(folder):
        return load_image_processor(folder)
    if find_spec("torchvision") is None:
        raise MissingExtra(f"checkpoint {folder}", "torchvision", "mmbench[video]")
    processor: ImageProcessor = load_part(folder, "AutoVideoProcessor", "video processor")
    return processor


def _is_video_processor(folder: Path) -> bool:
    if (folder / "video_preprocessor_config.json").is_file():
        return True
    file = folder / "preprocessor_config.json"
    try:
        return file.is_file() and "video_processor_type" in parse_json(read_regular(file), dict)
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error


def frame_images(frames: NDArray[np.uint8]) -> list[Image]:
    """Convert frames, uint8 [t, h, w, 3], to a list of t PIL images."""
    from PIL.Image import fromarray

    return [fromarray(frame) for frame in frames]


def video_inputs(clips: Sequence[VideoFrames]) -> dict[str, object]:
    """Return keyword arguments that pass videos to a processor without resampling of frames.

    By default, processors would sample frames again and, without timestamps, assume 24 frames per
    second. Some models put frame times into the prompt (SmolVLM, Qwen3-VL), others into position
    embeddings (Qwen2.5-VL).
    """
    return {
        "videos": [clip.frames for clip in clips],
        "video_metadata": [_metadata(clip) for clip in clips],
        "do_sample_frames": False,
    }


def _metadata(clip: VideoFrames) -> dict[str, object]:
    """Return the metadata of a video for transformers.

    Frame indices are the times in milliseconds. If the duration is unknown, it is n times the
    interval between two of the n frames, since each frame stands for an equal part of the video.
    """
    seconds = clip.seconds
    n = len(seconds)
    distance = (seconds[-1] - seconds[0]) / (n - 1) if n > 1 else 0.0
    duration = n * distance if clip.duration is None else clip.duration
    return {
        "fps": _TICKS,
        "frames_indices": [round(second * _TICKS) for second in seconds],
        "total_num_frames": max(round(duration * _TICKS), 1),
        "duration": duration,
    }
