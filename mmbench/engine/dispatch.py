"""The methods of a model: how each is called, and how an answer becomes bytes and back.

An answer is kept as bytes: a vector as little-endian float32, a text as JSON, an image as PNG, a
sound as WAV. Scores of classes that a model returns in float64 are kept so, behind the byte `d`. A
SampleError in its place is the failure of that item alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set, Sized
from functools import partial
from io import BytesIO
from numbers import Integral
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from mmbench.errors import ContentError, ModelError, SampleError
from mmbench.protocols import Classifies, Draws, Embeds, Rates, Speaks, Writes
from mmbench.storage.journal_entries import RowBlock
from mmbench.text import count
from mmbench.types import (
    Audio,
    GeneratedText,
    Media,
    Method,
    Modality,
    Requests,
    ScoreScale,
    SeededPrompt,
)

Vectors = NDArray[np.float32] | NDArray[np.float64]

StoredRow = bytes | memoryview | SampleError

_SCALES: tuple[ScoreScale, ...] = ("logits", "probabilities")
VECTORS: frozenset[Method] = frozenset({"embed", "classify", "loglikelihood"})


def call(
    model: object, items: Sequence[object], requests: Requests, name: str
) -> Sequence[StoredRow]:
    """What a model answers to n prepared items, a row for each. `name` is what errors call it.

    Raises ModelError for another n, and for scores with another number of columns than the model
    has labels.
    """
    if requests.method in VECTORS:
        return _rows(_vectors(model, items, requests, name), requests.method)
    said = _said(model, items, requests)
    if not isinstance(said, list | tuple):
        raise ModelError(f"{name}: {requests.method} returned a {type(said).__name__}, not a list")
    if len(said) != len(items):
        raise ModelError(
            f"{name}: {requests.method} returned {count(len(said), 'answer')}"
            f" for {count(len(items), 'item')}"
        )
    return [as_row(one, requests.method, name) for one in said]


def as_row(answer: object, method: Method, name: str) -> StoredRow:
    """Return a text, an image or a sound as bytes; a SampleError stays as it is.

    An answer that cannot be stored is a failure. Raises ModelError for one of another type.
    """
    if isinstance(answer, SampleError):
        return answer
    encode = _encoder(answer, method)
    if encode is None:
        raise ModelError(
            f"{name}: {method} returned a {type(answer).__name__}: {_ANSWERS[method]} is needed"
        )
    try:
        return encode()
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        return ContentError(f"the answer cannot be stored: {type(error).__name__}: {error}")


def _encoder(answer: object, method: Method) -> Callable[[], bytes] | None:
    """Return what makes bytes of an answer; None for one that is not of its type."""
    if method == "write":
        return partial(msgspec.json.encode, answer) if _is_written(answer) else None
    if method == "draw":
        save = getattr(answer, "save", None)
        return partial(_png, save) if save else None
    return partial(_wav, answer) if isinstance(answer, Audio) else None


def _is_written(answer: object) -> bool:
    """Return whether the fields of a text, which a plugin may have filled, are of their types."""
    if not isinstance(answer, GeneratedText):
        return False
    ended = answer.finish in ("stop", "length")
    return isinstance(answer.text, str) and ended and isinstance(answer.tokens, Integral)


def _vectors(model: object, items: Sequence[object], requests: Requests, name: str) -> Vectors:
    if requests.method == "classify":
        return scores_of(model, items, requests.modality, name)
    if requests.method == "embed":
        assert isinstance(model, Embeds)  # as `prepare` found
        vectors = model.embed(items, requests.modality, requests.role)
    else:
        assert isinstance(model, Rates)
        pairs = [one for one in items if isinstance(one, tuple)]  # a conversation and a text each
        vectors = model.loglikelihood([one for one, _ in pairs], [text for _, text in pairs])
    return _checked(vectors, len(items), requests.method, name)


def scores_of(model: object, items: Sequence[object], modality: Modality, name: str) -> Vectors:
    """The scores [n, c] that a model returns for n items, a column for each of its labels.

    Raises ModelError for another shape.
    """
    # No isinstance: since Python 3.12 it does not see labels that `__getattr__` gives.
    classifier = cast(Classifies, model)
    scores = _checked(classifier.classify(items, modality), len(items), "classify", name)
    refuse_columns(scores.shape[1], labels_of(model, name), name)
    return scores


def labels_of(model: object, name: str) -> list[str]:
    """Return the names of a model's classes. Raises ModelError where it has no list of them.

    A mapping, such as `id2label`, and a set are refused: iterated, they are other names, or names
    in no certain order.
    """
    labels = getattr(model, "labels", None)
    if labels is None or isinstance(labels, str | Mapping | Set):
        given = "" if labels is None else f", but a {type(labels).__name__}"
        raise ModelError(
            f"{name} has no list `labels`{given}: classify needs a name for each column, in order"
        )
    return [str(label) for label in labels]


def scale_of(cls: object, name: str) -> ScoreScale:
    """What the class of a model declares that it returns: logits if nothing. Raises ModelError."""
    declared: object = getattr(cls, "scores", "logits")
    for scale in _SCALES:
        if declared == scale:
            return scale
    raise ModelError(
        f'{name} declares scores = {declared!r}: "logits" or "probabilities" is needed'
    )


def refuse_columns(columns: int, labels: Sequence[str], name: str) -> None:
    """Raise ModelError where scores have another number of columns than there are labels."""
    if columns != len(labels):
        raise ModelError(
            f"{name}: classify returned {count(columns, 'column')} for"
            f" {count(len(labels), 'label')}, so that it is not known which class a column belongs"
            " to: return a column for each of `labels`, in their order"
        )


def _checked(vectors: object, n: int, method: str, name: str) -> Vectors:
    if getattr(vectors, "ndim", 0) != 2 or not isinstance(vectors, Sized) or len(vectors) != n:
        shape = getattr(vectors, "shape", type(vectors).__name__)
        raise ModelError(f"{name}: {method} returned {shape} for {n} items: [{n}, d] is needed")
    found = _array(vectors, method, name)
    single = method != "classify" or found.dtype in (np.float16, np.float32)
    return found.astype("<f4" if single else "<f8", copy=False)


def _array(vectors: object, method: str, name: str) -> Vectors:
    """Return what a model returned as an array of real numbers. Raises ModelError."""
    try:
        found = np.asarray(vectors)
    except (TypeError, ValueError, RuntimeError) as error:  # of tensors: bfloat16, CUDA, gradients
        raise ModelError(
            f"{name}: {method} returned a {type(vectors).__name__} that NumPy cannot read"
            f" ({error}): return an array, of a tensor .detach().float().cpu().numpy()"
        ) from error
    if found.dtype.kind not in "fiub":
        raise ModelError(
            f"{name}: {method} returned an array of {found.dtype}: real numbers are needed"
        )
    return found


def _rows(vectors: Vectors, method: Method) -> Sequence[StoredRow]:
    """Vectors as rows; NaN, infinity and, of embeddings, zero are failures.

    The score of a class may be -∞, as the logarithm of 0 is, if not that of all.
    """
    finite = np.isfinite(vectors).all(axis=1)
    if method == "classify":
        finite = np.isfinite(vectors.max(axis=1, initial=-np.inf)) & ~np.isnan(vectors).any(axis=1)
    zero = ~vectors.any(axis=1) if method == "embed" else np.zeros(len(vectors), bool)
    raw = np.ascontiguousarray(vectors).view(np.uint8)
    if vectors.itemsize == 8:
        raw = np.insert(raw, 0, ord("d"), axis=1)
    rows = RowBlock(raw.tobytes(), len(raw))
    if finite.all() and not zero.any():
        return rows
    some: list[StoredRow] = list(rows)
    for row in np.flatnonzero(~finite):
        some[row] = ContentError("the model returned NaN or infinity")
    for row in np.flatnonzero(zero):
        some[row] = ContentError("the model returned a zero vector")
    return some


def vectors_of(rows: Sequence[bytes | memoryview]) -> Vectors:
    """The vectors [n, d] in n rows, float32 or float64."""
    if isinstance(rows, RowBlock):
        raw = np.frombuffer(rows.data, np.uint8).reshape(len(rows), -1)
        if not raw.shape[1] % 4:
            return raw.view("<f4")
        return np.ascontiguousarray(raw[:, 1:]).view("<f8")
    if len(set(map(len, rows))) == 1:
        return vectors_of(RowBlock(b"".join(rows), len(rows)))
    return np.concatenate([vectors_of(RowBlock(row, 1)) for row in rows])


def _said(model: object, items: Sequence[object], requests: Requests) -> object:
    """Call the method, which `prepare` found in the model's class."""
    if requests.method == "write":
        assert isinstance(model, Writes)
        return model.write(items, requests.options)
    if requests.method == "draw":
        assert isinstance(model, Draws)
        seeded = [one for one in items if isinstance(one, SeededPrompt)]  # nothing else is drawn
        return model.draw([one.prompt for one in seeded], [one.seed for one in seeded])
    assert isinstance(model, Speaks)
    return model.speak(items)


def _png(save: Callable[[BytesIO, str], None]) -> bytes:
    stream = BytesIO()
    save(stream, "PNG")
    return stream.getvalue()


def _wav(sound: Audio) -> bytes:
    import soundfile

    stream = BytesIO()
    soundfile.write(stream, sound.samples, sound.rate, format="WAV", subtype="FLOAT")
    return stream.getvalue()


def read(row: bytes | memoryview, method: Method) -> GeneratedText | Media:
    """The text, the image or the sound in a row."""
    if method == "write":
        return msgspec.json.decode(row, type=GeneratedText)
    modality: Modality = "image" if method == "draw" else "audio"
    return Media(modality, f"what the model {_DID[method]}", partial(bytes, row))


_ANSWERS = {
    "write": "a mmbench.types.GeneratedText with a text",
    "draw": "a PIL image",
    "speak": "a mmbench.types.Audio",
}
_DID = {"draw": "drew", "speak": "spoke"}
