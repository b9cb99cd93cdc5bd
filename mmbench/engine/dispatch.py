"""Calls of a model's methods, and the encoding of their outputs as bytes.

Vectors are stored as little-endian float32, texts and detected objects as JSON, images as PNG,
audio as WAV, and matches of tokens as in `mmbench.storage.journal.token_matches`. If a model
returns class scores in float64, they are stored in float64 after the byte `d`. A model may return
a SampleError in place of an output; then only this item fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set, Sized
from functools import partial
from io import BytesIO
from numbers import Integral
from typing import cast

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from mmbench.engine.stored_objects import are_detections, decode_objects, encode_objects
from mmbench.errors import ContentError, ModelError, SampleError
from mmbench.media.recordings.wav import wav_bytes
from mmbench.protocols import (
    Classifies,
    Detects,
    Draws,
    Embeds,
    EmbedsInstructed,
    EmbedsJointly,
    MatchesTokens,
    Rates,
    Reranks,
    Speaks,
    SplitsReasoning,
    Writes,
)
from mmbench.storage.journal.entries import RowBlock
from mmbench.storage.journal.token_matches import decode_matches, encode_matches
from mmbench.text import count, plain
from mmbench.text.reasoning import split_reasoning
from mmbench.types import (
    Audio,
    Detection,
    GeneratedText,
    MatchRequest,
    Media,
    Method,
    Modality,
    Requests,
    ScoreScale,
    SeededPrompt,
    TokenMatches,
)

Vectors = NDArray[np.float32] | NDArray[np.float64]

StoredRow = bytes | memoryview | SampleError

_SCALES: tuple[ScoreScale, ...] = ("logits", "probabilities")
VECTORS: frozenset[Method] = frozenset({
    *("embed", "embed_joint", "classify", "loglikelihood", "relevance"),
})  # fmt: skip
EMBEDDINGS: frozenset[Method] = frozenset({"embed", "embed_joint"})
Generated = GeneratedText | TokenMatches | Media | list[Detection]  # a decoded output


def call(
    model: object, items: Sequence[object], requests: Requests, name: str
) -> Sequence[StoredRow]:
    """Return the encoded outputs of a model for n prepared items.

    `name` is the model's name in errors. Raises ModelError if the model does not return n outputs,
    or if a classifier's number of score columns differs from its number of labels.
    """
    if requests.method in VECTORS:
        return _encode_vectors(_compute_vectors(model, items, requests, name), requests.method)
    outputs = _generate(model, items, requests)
    if not isinstance(outputs, list | tuple):
        raise ModelError(
            f"{name}: {requests.method} returned a {type(outputs).__name__}; return a list with"
            " one output per item"
        )
    if len(outputs) != len(items):
        raise ModelError(
            f"{name}: {requests.method} returned {count(len(outputs), 'output')}"
            f" for {count(len(items), 'item')}; return one output per item"
        )
    return [encode_output(output, model, requests.method, name) for output in outputs]


def encode_output(output: object, model: object, method: Method, name: str) -> StoredRow:
    """Encode a text, an image, audio or matches as bytes; return a SampleError unchanged.

    Reasoning in a text is separated from the answer, unless the model has already done so. Return a
    ContentError if the output cannot be encoded. Raises ModelError for an output of the wrong type.
    """
    if isinstance(output, SampleError):
        return output
    encode = _encoder(output, method)
    if encode is None:
        raise ModelError(f"{name}: {method} returned {_described(output)}; return {_TYPES[method]}")
    if isinstance(output, GeneratedText) and not isinstance(model, SplitsReasoning):
        encode = partial(msgspec.json.encode, _without_reasoning(output))
    try:
        return encode()
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        return ContentError(f"the output cannot be stored ({type(error).__name__}: {error})")


def _described(output: object) -> str:
    """Return the type of an output, with the parts of a generated text or the start of a list."""
    if isinstance(output, list):
        return f"a list {plain(repr(output), 80)}"
    if not isinstance(output, GeneratedText):
        return f"a {type(output).__name__}"
    text, tokens = (type(part).__name__ for part in (output.text, output.tokens))
    return (
        f"GeneratedText(text: {text}, finish: {plain(repr(output.finish), 20)}, tokens: {tokens})"
    )


def _encoder(output: object, method: Method) -> Callable[[], bytes] | None:
    """Return a function that encodes the output.

    Return None if the output has the wrong type for `method`.
    """
    if method == "write":
        return partial(msgspec.json.encode, output) if _is_generated_text(output) else None
    if method == "draw":
        save = getattr(output, "save", None)
        return partial(_png, save) if save else None
    if method == "detect":
        return partial(encode_objects, output) if are_detections(output) else None
    if method == "match_tokens":
        return partial(encode_matches, output) if isinstance(output, TokenMatches) else None
    return partial(_wav, output) if isinstance(output, Audio) else None


def _is_generated_text(output: object) -> bool:
    """Return whether an output is a GeneratedText with valid fields.

    The fields may be invalid if the model is a plugin.
    """
    if not isinstance(output, GeneratedText):
        return False
    counts = output.tokens, output.reasoning_tokens, output.prompt_tokens
    return (
        isinstance(output.text, str)
        and isinstance(output.reasoning, str | None)
        and output.finish in ("stop", "length")
        and all(isinstance(n, Integral) for n in counts)
    )


def _without_reasoning(output: GeneratedText) -> GeneratedText:
    """Return the output with its reasoning separated from its answer.

    The text is split at the known markers of reasoning, unless the model has already split it.
    """
    if output.reasoning is not None:
        return output
    reasoning, answer = split_reasoning(output.text)
    return output if reasoning is None else replace(output, text=answer, reasoning=reasoning)


def _compute_vectors(
    model: object, items: Sequence[object], requests: Requests, name: str
) -> Vectors:
    if requests.method == "classify":
        return class_scores(model, items, requests.modality, name)
    if requests.method == "embed":
        vectors = _embedded(model, items, requests)
    elif requests.method == "embed_joint":
        assert isinstance(model, EmbedsJointly)  # checked by `prepare`
        vectors = model.embed_joint(items, requests.role, requests.instruction)
    elif requests.method == "relevance":
        assert isinstance(model, Reranks)
        vectors = model.relevance(items)
    else:
        assert isinstance(model, Rates)
        pairs = [one for one in items if isinstance(one, tuple)]  # (conversation, text)
        vectors = model.loglikelihood([one for one, _ in pairs], [text for _, text in pairs])
    return _as_matrix(vectors, len(items), requests.method, name)


def _embedded(model: object, items: Sequence[object], requests: Requests) -> object:
    if requests.instruction and isinstance(model, EmbedsInstructed):
        return model.embed_instructed(items, requests.modality, requests.role, requests.instruction)
    assert isinstance(model, Embeds)  # checked by `prepare`
    return model.embed(items, requests.modality, requests.role)


def class_scores(model: object, items: Sequence[object], modality: Modality, name: str) -> Vectors:
    """Return the class scores [n, c] of a model for n items, one column per label.

    `name` is the model's name in errors. Raises ModelError if the scores have another shape.
    """
    # No isinstance: since Python 3.12 it ignores labels that `__getattr__` returns.
    classifier = cast(Classifies, model)
    scores = _as_matrix(classifier.classify(items, modality), len(items), "classify", name)
    check_columns(scores.shape[1], labels_of(model, name), name)
    return scores


def labels_of(model: object, name: str) -> list[str]:
    """Return the class names of a model. Raises ModelError if `labels` is not a list of names.

    A mapping (such as `id2label`) is refused because iteration gives its keys, and a set because
    it has no fixed order. `name` is the model's name in errors.
    """
    labels = getattr(model, "labels", None)
    if labels is None or isinstance(labels, str | Mapping | Set):
        but = "" if labels is None else f", but a {type(labels).__name__}"
        raise ModelError(
            f"{name} has no list `labels`{but}; declare one class name per column of classify,"
            " in order"
        )
    return [str(label) for label in labels]


def scale_of(cls: object, name: str) -> ScoreScale:
    """Return the scale of class scores that a model class declares in `scores`.

    The default is "logits". Raises ModelError unless the scale is "logits" or "probabilities".
    """
    declared: object = getattr(cls, "scores", "logits")
    for scale in _SCALES:
        if declared == scale:
            return scale
    raise ModelError(f'{name} declares scores = {declared!r}; use "logits" or "probabilities"')


def check_columns(columns: int, labels: Sequence[str], name: str) -> None:
    """Raise ModelError if the number of score columns differs from the number of labels."""
    if columns != len(labels):
        raise ModelError(
            f"{name}: classify returned {count(columns, 'column')} for"
            f" {count(len(labels), 'label')}; return one column per entry of `labels`, in the same"
            " order"
        )


def _as_matrix(vectors: object, n: int, method: str, name: str) -> Vectors:
    if getattr(vectors, "ndim", 0) != 2 or not isinstance(vectors, Sized) or len(vectors) != n:
        shape = getattr(vectors, "shape", type(vectors).__name__)
        raise ModelError(
            f"{name}: {method} returned {shape} for {n} items; return an array of shape [{n}, d]"
        )
    array = _as_numbers(vectors, method, name)
    single = method != "classify" or array.dtype in (np.float16, np.float32)
    return array.astype("<f4" if single else "<f8", copy=False)


def _as_numbers(vectors: object, method: str, name: str) -> Vectors:
    """Convert an array or tensor to a NumPy array. Raises ModelError unless it is real-valued."""
    try:
        array = np.asarray(vectors)
    except (TypeError, ValueError, RuntimeError) as error:  # tensors: bfloat16, CUDA, gradients
        raise ModelError(
            f"{name}: {method} returned a {type(vectors).__name__} that NumPy cannot read"
            f" ({error}); return a NumPy array, for example tensor.detach().float().cpu().numpy()"
        ) from error
    if array.dtype.kind not in "fiub":
        raise ModelError(
            f"{name}: {method} returned an array of dtype {array.dtype}; return real numbers"
        )
    return array


def _encode_vectors(vectors: Vectors, method: Method) -> Sequence[StoredRow]:
    """Encode vectors [n, d] row by row; a row with NaN or infinity becomes a ContentError.

    For embeddings, a zero vector also becomes a ContentError. For `classify`, scores of -∞ (the
    logarithm of 0) are accepted unless all scores of an item are -∞.
    """
    finite = np.isfinite(vectors).all(axis=1)
    if method == "classify":
        finite = np.isfinite(vectors.max(axis=1, initial=-np.inf)) & ~np.isnan(vectors).any(axis=1)
    zero = ~vectors.any(axis=1) if method in EMBEDDINGS else np.zeros(len(vectors), bool)
    data = np.ascontiguousarray(vectors).view(np.uint8)
    if vectors.itemsize == 8:
        data = np.insert(data, 0, ord("d"), axis=1)
    rows = RowBlock(data.tobytes(), len(data))
    if finite.all() and not zero.any():
        return rows
    outputs: list[StoredRow] = list(rows)
    for row in np.flatnonzero(~finite):
        outputs[row] = ContentError("the model returned NaN or infinity")
    for row in np.flatnonzero(zero):
        outputs[row] = ContentError("the model returned a zero vector")
    return outputs


def decode_vectors(rows: Sequence[bytes | memoryview]) -> Vectors:
    """Decode n stored rows to vectors [n, d] in float32 or float64."""
    if isinstance(rows, RowBlock):
        data = np.frombuffer(rows.data, np.uint8).reshape(len(rows), -1)
        if not data.shape[1] % 4:
            return data.view("<f4")
        return np.ascontiguousarray(data[:, 1:]).view("<f8")
    if len(set(map(len, rows))) == 1:
        return decode_vectors(RowBlock(b"".join(rows), len(rows)))
    return np.concatenate([decode_vectors(RowBlock(row, 1)) for row in rows])


def _generate(model: object, items: Sequence[object], requests: Requests) -> object:
    """Call the model's `write`, `match_tokens`, `draw`, `detect` or `speak`.

    The module `loading.prepare` has checked that the model's class has the method.
    """
    if requests.method == "write":
        assert isinstance(model, Writes)
        return model.write(items, requests.options)
    if requests.method == "match_tokens":
        assert isinstance(model, MatchesTokens)
        return model.match_tokens([one for one in items if isinstance(one, MatchRequest)])
    if requests.method == "draw":
        assert isinstance(model, Draws)
        seeded = [one for one in items if isinstance(one, SeededPrompt)]  # all items of `draw`
        return model.draw([one.prompt for one in seeded], [one.seed for one in seeded])
    if requests.method == "detect":
        assert isinstance(model, Detects)
        return model.detect(items, requests.labels)
    assert isinstance(model, Speaks)
    return model.speak(items)


def _png(save: Callable[[BytesIO, str], None]) -> bytes:
    stream = BytesIO()
    save(stream, "PNG")
    return stream.getvalue()


def _wav(sound: Audio) -> bytes:
    samples = np.asarray(sound.samples, np.float32)
    return wav_bytes(samples[:, None] if samples.ndim == 1 else samples, sound.rate)


def decode_output(row: bytes | memoryview, method: Method) -> Generated:
    """Decode a stored row to a text, matches of tokens, an image, audio or detected objects."""
    if method == "write":
        return msgspec.json.decode(row, type=GeneratedText)
    if method == "match_tokens":
        return decode_matches(row)
    if method == "detect":
        return decode_objects(row)
    modality: Modality = "image" if method == "draw" else "audio"
    return Media(modality, f"generated {modality}", partial(bytes, row))


_TYPES = {
    "write": "mmbench.types.GeneratedText(text: str, finish: 'stop' or 'length', tokens: int)",
    "match_tokens": "an mmbench.types.TokenMatches",
    "draw": "a PIL image",
    "speak": "an mmbench.types.Audio",
    "detect": "a list of mmbench.types.Detection(label: str, score: float, box: 4 floats)",
}
