"""Decoding of encoded media to images, audio samples and video frames.

Decoding changes no global state and may run in several threads at once.
"""

from mmbench.media.encoded import read_bytes
from mmbench.media.image import FORMATS, MAX_PIXELS, decode_encoded, decode_image, square
from mmbench.media.sound import decode_sound
from mmbench.media.video import count_frames, decode_video, encoded_video, frame_indices

# Version of the decoding rules of audio and video. Raise it when decoded inputs
# change, so that outputs for earlier inputs in the journal are not used.
DECODING = 2

__all__ = [
    "DECODING",
    "FORMATS",
    "MAX_PIXELS",
    "count_frames",
    "decode_encoded",
    "decode_image",
    "decode_sound",
    "decode_video",
    "encoded_video",
    "frame_indices",
    "read_bytes",
    "square",
]
