"""The encoding of the objects in an image, which a detector returns, as bytes for the journal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

import msgspec

from mmbench.types import Detection


def are_detections(output: object) -> TypeGuard[Sequence[Detection]]:
    """Return whether an output is a list of Detections whose fields have the right types.

    The fields may have other types if the model is a plugin.
    """
    if not isinstance(output, list | tuple):
        return False
    if not all(isinstance(one, Detection) for one in output):
        return False
    try:
        msgspec.convert(msgspec.to_builtins(output), list[Detection])
    except (msgspec.ValidationError, TypeError):
        return False
    return True


def encode_objects(objects: Sequence[Detection]) -> bytes:
    """Encode detected objects as JSON. Raises ValueError for a number that is not finite."""
    for one in objects:
        if not all(map(math.isfinite, (one.score, *one.box))):
            raise ValueError(f"the box or the score of a {one.label!r} is NaN or infinity")
    return msgspec.json.encode(objects)


def decode_objects(row: bytes | memoryview) -> list[Detection]:
    """Decode the objects of an image."""
    return msgspec.json.decode(row, type=list[Detection])
