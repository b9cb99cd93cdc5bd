"""From a medium to what a model is given: bytes, pictures, sounds, frames.

Decoding changes no global state and may run in several threads at once.
"""

from mmbench.media.encoded import read_bytes
from mmbench.media.image import FORMATS, MAX_PIXELS, decode_image, square
from mmbench.media.sound import decode_sound
from mmbench.media.video import chosen, count_frames, decode_video

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "chosen",
    "count_frames",
    "decode_image",
    "decode_sound",
    "decode_video",
    "read_bytes",
    "square",
]
