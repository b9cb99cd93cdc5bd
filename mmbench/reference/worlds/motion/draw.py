"""Drawing of films of the moving shapes, and lossless encoding of frames as a video."""

from __future__ import annotations

from io import BytesIO
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.motion.scene import FRAMES, Film
from mmbench.reference.worlds.shapes.draw import Image, paint
from mmbench.reference.worlds.shapes.objects import SIDE
from mmbench.reference.worlds.shapes.scene import Spot

RATE = 8
"""The frame rate in frames per second."""


def draw_film(film: Film, size: int) -> NDArray[np.uint8]:
    """Draw a film as RGB, uint8 [16, size, size, 3], with the moving object in front."""
    scene = np.empty((size, size, 3), np.uint8)
    scene[:] = film.background
    if film.other:
        _wrapped(scene, film.other.shape, film.rest)
    frames = np.repeat(scene[None], FRAMES, axis=0)
    for number, frame in enumerate(frames):
        _wrapped(frame, film.mover.shape, film.at(number))
    return frames


def _wrapped(image: Image, shape: str, spot: Spot) -> None:
    """Paint an object on an image that wraps around at its edges."""
    for x, y in product(_places(spot.x, spot.radius), _places(spot.y, spot.radius)):
        paint(image, shape, spot._replace(x=x, y=y))


def _places(at: int, radius: int) -> list[int]:
    around = (at - SIDE, at, at + SIDE)
    return [place for place in around if -radius < place < SIDE + radius]


def avi(frames: NDArray[np.uint8]) -> bytes:
    """Encode frames, uint8 [t, h, w, 3], as an uncompressed AVI with 8 frames per second.

    The decoded pixels are identical on every machine; the encoded bytes may differ between
    machines.
    """
    import av

    stream = BytesIO()
    with av.open(stream, "w", format="avi", options={"fflags": "+bitexact"}) as container:
        track = container.add_stream("rawvideo", rate=RATE)
        _, track.height, track.width, _ = frames.shape
        track.pix_fmt = "bgr24"
        for frame in frames:
            container.mux(track.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(track.encode())
    return stream.getvalue()
