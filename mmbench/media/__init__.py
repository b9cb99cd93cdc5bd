"""From a medium to what a model is given: bytes, pictures, sounds, frames.

Decoding changes no global state and may run in several threads at once.
"""

from mmbench.media.encoded import read_bytes
from mmbench.media.image import FORMATS, MAX_PIXELS, decode_encoded, decode_image, square
from mmbench.media.sound import decode_sound
from mmbench.media.video import count_frames, decode_video, frame_indices

# Version of the rules by which sounds and videos are decoded. Raise it when a model is given
# something else, so that the journal does not hold what it answered to that.
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
    "frame_indices",
    "read_bytes",
    "square",
]
