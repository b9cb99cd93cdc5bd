"""Decoding of selected video frames."""

from mmbench.media.video.decoding import count_frames, decode_video, encoded_video
from mmbench.media.video.selection import frame_indices, frames_in_span

__all__ = ["count_frames", "decode_video", "encoded_video", "frame_indices", "frames_in_span"]
