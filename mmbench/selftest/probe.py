"""Checks of batches, shards and corrupt samples, with a model of known embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mmbench.engine.execution.in_process import InProcessModel
from mmbench.engine.inference.cached_inference import CachedInference
from mmbench.engine.progress import Silent
from mmbench.protocols import Dataset, Embeds, Kind
from mmbench.search.extremes import is_uncertain
from mmbench.storage.content_keys import ContentKeys, digest
from mmbench.text import count
from mmbench.types import (
    Audio,
    InvalidContent,
    Modality,
    Outputs,
    Prediction,
    Ranking,
    Requests,
    Role,
    TaskSpec,
    VectorOutputs,
    VideoFrames,
)

if TYPE_CHECKING:
    from mmbench.types import Array

_SIZES = (1, 7, 64)
_BROKEN = InvalidContent("corrupt, on purpose")


class Check(NamedTuple):
    """A property that was tested, with the result.

    `passed` is None if the property could not be tested. `detail` explains the result.
    """

    what: str
    passed: bool | None
    detail: str


class Probe:
    """A model that embeds an input as its hash, so that exchanged rows are detected."""

    modalities: frozenset[Modality] = frozenset({"text", "image", "audio", "video"})

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return vectors [n, 16], one for each of n decoded items, computed from its hash."""
        import numpy as np

        raw = b"".join(digest(_bytes(item)) for item in items)
        return np.frombuffer(raw, np.int8).astype(np.float32).reshape(len(items), -1) + 0.5


def _bytes(item: Any) -> bytes | str:
    """Return the content of a decoded item as bytes or a string.

    The content is a text, pixels, audio samples or video frames.
    """
    if isinstance(item, Audio | VideoFrames):
        return item[0].tobytes()
    return item if isinstance(item, str) else item.tobytes()


def check_batches(
    kind: Kind[Dataset], data: Dataset, keys: ContentKeys, folder: str
) -> Iterator[Check]:
    """Check that outputs depend neither on the batch size nor on the division into shards."""
    shards = _shards(kind, data)
    if len(shards) > 1:
        yield _check_shards(kind, data, shards)
        return
    for name, requests in _probe_requests(kind, data).items():
        whole, *others = [_embed(requests, keys, Path(folder) / f"{name}{n}", n) for n in _SIZES]
        same = all(_equal(whole, [other]) for other in others)
        yield Check(f"batches of {_SIZES} give the same {name}", same, "bit for bit")
        half = len(requests.contents) // 2
        parts = [
            _embed(
                msgspec.structs.replace(requests, contents=part),
                keys,
                Path(folder) / f"shard{i}",
                5,
            )
            for i, part in enumerate((requests.contents[:half], requests.contents[half:]))
        ]
        same = _equal(whole, parts)
        yield Check(f"two shards give the same {name}", same, "bit for bit")


def _shards(kind: Kind[Dataset], data: Dataset) -> list[Dataset]:
    """Return the parts of the data that the kind can predict independently."""
    return [data] if getattr(kind, "joint", False) else data.shards()


def _check_shards(kind: Kind[Dataset], data: Dataset, shards: list[Dataset]) -> Check:
    whole = _accept_oracle(kind, data, {})
    predictions = [prediction for part in shards for prediction in _accept_oracle(kind, part, {})]
    same = [(p.id, repr(p.value)) for p in whole] == [(p.id, repr(p.value)) for p in predictions]
    return Check("two shards give the same predictions", same, count(len(whole), "prediction"))


def check_corrupt_sample(
    spec: TaskSpec, kind: Kind[Dataset], data: Dataset, keys: ContentKeys, folder: str
) -> Iterator[Check]:
    """Check that a corrupt sample is counted as failed, and that no other sample fails."""
    role, samples = list(data.by_role().items())[-1]
    first = samples[0]
    if len(_shards(kind, data)) > 1 or not _probe_requests(kind, data):
        accepted = _accept_oracle(kind, data, {first.id: _BROKEN})
        failed = [p.id for p in accepted if p.error]
        detail = f"1 of {len(accepted)} failed"
        yield Check("a corrupt sample is counted as failed", failed == [first.id], detail)
        return
    field = spec.fields.get(role) or next(f for f in spec.fields.values() if f in first.inputs)
    broken = msgspec.structs.replace(first, inputs={field: _BROKEN})
    data = data.with_sample(role, 0, broken)
    answers = {
        name: _embed(requests, keys, Path(folder) / f"corrupt {name}", 7)
        for name, requests in _probe_requests(kind, data).items()
    }
    predictions = kind.predictions(data, answers)
    failures = [ident for ident, _ in predictions.failures]
    affected = [
        p
        for p in predictions.each()
        if p.error or (isinstance(p.value, Ranking) and is_uncertain(p.value))
    ]
    detail = f"{len(failures)} failed, {count(len(affected), 'prediction')} affected"
    passed = failures == [broken.id] and bool(affected)
    yield Check("a corrupt sample is counted as failed", passed, detail)


def _probe_requests(kind: Kind[Dataset], data: Dataset) -> dict[str, Requests]:
    """Return the requests of a kind if all of them are `embed` requests, else {}.

    The probe can only embed.
    """
    needs = kind.needs()
    requests = kind.requests(data, 0) if needs and needs.ability is Embeds else {}
    return requests if all(batch.method == "embed" for batch in requests.values()) else {}


def _embed(requests: Requests, keys: ContentKeys, folder: Path, size: int) -> VectorOutputs:
    progress = Silent()
    executor = InProcessModel(Probe, keys, progress.note)
    inference = CachedInference(executor, folder, keys, progress, batch_size=size)
    outputs = inference.answer("probe", requests)
    assert isinstance(outputs, VectorOutputs)  # the probe embeds, see `_probe_requests`
    return outputs


def _equal(whole: VectorOutputs, parts: list[VectorOutputs]) -> bool:
    import numpy as np

    return bool(np.array_equal(whole.vectors, np.concatenate([part.vectors for part in parts])))


def _accept_oracle(
    kind: Kind[Dataset], data: Dataset, replacements: dict[str, InvalidContent]
) -> list[Prediction]:
    """Return predictions from the oracle's outputs, treated as outputs of another program.

    `replacements` are invalid outputs that replace outputs of the oracle, by sample id.
    """
    best = kind.baseline("oracle", data, 0)
    outputs = Outputs(values={p.id: p.value for p in best.each()} | replacements)
    return list(kind.accept(data, outputs).each())
