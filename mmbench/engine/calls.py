"""The methods of a model: how each is called, and how an answer becomes bytes and back.

An answer is kept as bytes: a vector as little-endian float32, a text as JSON, an image as PNG, a
sound as WAV. A SampleError in its place is the failure of that item alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from mmbench.errors import ContentError, ModelError, SampleError
from mmbench.types import Array, Media, Method, Modality, Requests, Sound, Written

if TYPE_CHECKING:
    from numpy.typing import NDArray

Row = bytes | SampleError

VECTORS: frozenset[Method] = frozenset({"embed", "classify", "loglikelihood"})


def call(model: Any, items: Sequence[Any], requests: Requests) -> list[Row]:
    """What a model answers to n prepared items, a row for each. Raises ModelError for another n."""
    if requests.method in VECTORS:
        return _rows(_vectors(model, items, requests), requests.method)
    said, encode = _said(model, items, requests)
    if len(said) != len(items):
        raise ModelError(
            f"the model's {requests.method} returned {len(said)} answers for {len(items)} items"
        )
    return [one if isinstance(one, SampleError) else encode(one) for one in said]


def _vectors(model: Any, items: Sequence[Any], requests: Requests) -> Array:
    match requests.method:
        case "embed":
            vectors = model.embed(items, requests.modality, requests.role)
        case "classify":
            vectors = model.classify(items, requests.modality)
        case _:
            vectors = model.loglikelihood([one for one, _ in items], [text for _, text in items])
    return _checked(vectors, len(items), requests.method)


def _checked(vectors: NDArray[Any], n: int, method: str) -> Array:
    import numpy as np

    if getattr(vectors, "ndim", 0) != 2 or len(vectors) != n:
        shape = getattr(vectors, "shape", type(vectors).__name__)
        raise ModelError(f"the model's {method} returned {shape} for {n} items: [{n}, d] is needed")
    return np.asarray(vectors, dtype="<f4")


def _rows(vectors: Array, method: Method) -> list[Row]:
    """Vectors as rows; NaN, infinity and, of embeddings, zero are failures."""
    import numpy as np

    finite = np.isfinite(vectors).all(axis=1)
    zero = ~vectors.any(axis=1) if method == "embed" else np.zeros(len(vectors), bool)
    rows: list[Row] = [vector.tobytes() for vector in vectors]
    for row in np.flatnonzero(~finite):
        rows[row] = ContentError("the model returned NaN or infinity")
    for row in np.flatnonzero(zero):
        rows[row] = ContentError("the model returned a zero vector")
    return rows


def _said(
    model: Any, items: Sequence[Any], requests: Requests
) -> tuple[Sequence[Any], Callable[[Any], bytes]]:
    match requests.method:
        case "write":
            return model.write(items, requests.options), msgspec.json.encode
        case "draw":
            return model.draw([one.prompt for one in items], [one.seed for one in items]), _png
        case _:
            return model.speak(items), _wav


def _png(image: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _wav(sound: Sound) -> bytes:
    import soundfile

    stream = BytesIO()
    soundfile.write(stream, sound.samples, sound.rate, format="WAV", subtype="FLOAT")
    return stream.getvalue()


def read(row: bytes | memoryview, method: Method) -> Written | Media:
    """The text, the image or the sound in a row."""
    if method == "write":
        return msgspec.json.decode(row, type=Written)
    modality: Modality = "image" if method == "draw" else "audio"
    return Media(modality, f"what the model {_DID[method]}", partial(bytes, row))


_DID = {"draw": "drew", "speak": "spoke"}
