"""Options that select the frames of a video: a fixed number, or a rate with limits."""

from __future__ import annotations

from msgspec import Struct

from mmbench.errors import ModelError
from mmbench.types import Frames

DEFAULT_FRAMES = 8
MIN_FRAMES, MAX_FRAMES = 4, 768  # FPS_MIN_FRAMES and FPS_MAX_FRAMES of qwen-vl-utils 0.0.14
_SMALLEST = 2  # a rate gives an even number of frames


class FrameOptions(Struct, frozen=True, kw_only=True):
    """The selection of video frames: `frames` per video (8 by default), or `fps` per second.

    With `fps`, at least `min_frames` (4 by default) and at most `max_frames` (768 by default) are
    selected, as in qwen-vl-utils 0.0.14; see `mmbench.types.Frames`. Raises ModelError for values
    out of range and for options that conflict.
    """

    frames: int | None = None
    fps: float | None = None
    min_frames: int | None = None
    max_frames: int | None = None

    def __post_init__(self) -> None:
        """Raise ModelError for an option out of its range, and for options that conflict."""
        for name, least in (("frames", 1), ("min_frames", 1), ("max_frames", _SMALLEST)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ModelError(f"option {name}={value} must be an integer from {least} on")
        if self.fps is None:
            self._refuse_caps()
        elif not 0 < self.fps <= 1000:
            raise ModelError(f"option fps={self.fps} must be a number above 0 and at most 1000")
        elif self.frames is not None:
            raise ModelError("options frames and fps exclude each other; give only one of them")
        elif self.selection.minimum > self.selection.count:
            raise ModelError(
                f"option min_frames={self.selection.minimum} must be at most"
                f" max_frames={self.selection.count}"
            )

    def _refuse_caps(self) -> None:
        for name in ("min_frames", "max_frames"):
            if getattr(self, name) is not None:
                raise ModelError(f"option {name} has no effect without fps; give fps too")

    def recorded(self) -> dict[str, int | float]:
        """Return the options with their defaults: `frames`, or `fps` and its limits."""
        frames = self.selection
        if frames.fps is None:
            return {"frames": frames.count}
        caps = {"min_frames": frames.minimum, "max_frames": frames.count}
        return {"fps": frames.fps, **caps}

    @property
    def selection(self) -> Frames:
        """Return the selection of frames to decode."""
        if self.fps is None:
            return Frames(DEFAULT_FRAMES if self.frames is None else self.frames)
        minimum = MIN_FRAMES if self.min_frames is None else self.min_frames
        maximum = MAX_FRAMES if self.max_frames is None else self.max_frames
        return Frames(maximum, fps=self.fps, minimum=minimum)


EIGHT_FRAMES = FrameOptions()
