"""Objects that a detector found in an image: class, confidence, box and pixels."""

from __future__ import annotations

from msgspec import Struct


class Mask(Struct, frozen=True):
    """A set of pixels of an image with `width` and `height`, such as the pixels of an object.

    `runs` are the lengths of runs of pixels, row by row from the top left: outside the set, inside,
    outside … The first may be 0. Their sum is width · height.
    """

    width: int
    height: int
    runs: list[int]

    @classmethod
    def from_bytes(cls, pixels: bytes, width: int) -> Mask:
        """Return the mask of `pixels` [height · width], with 1 inside the set and 0 outside."""
        runs: list[int] = []
        start = 0
        while start < len(pixels):
            end = pixels.find(b"\0" if len(runs) % 2 else b"\1", start)
            runs.append((len(pixels) if end < 0 else end) - start)
            start += runs[-1]
        return cls(width, len(pixels) // width, runs)

    def to_bytes(self, inside: int = 1) -> bytes:
        """Return the pixels [height · width], with the value `inside` in the set and 0 outside."""
        values = b"\0", bytes([inside])
        return b"".join(values[at % 2] * run for at, run in enumerate(self.runs))


class Detection(Struct, frozen=True, omit_defaults=True):
    """An object that a detector found in an image.

    `score` is the confidence, from 0 to 1. `box` is (left, top, right, bottom) in pixels; a box of
    the whole image is (0, 0, width, height). `mask` are the pixels of the object, None if the
    detector only finds boxes.
    """

    label: str
    score: float
    box: tuple[float, float, float, float]
    mask: Mask | None = None
