"""The worker: a Ray actor that loads models and computes batches."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import RLock
from time import perf_counter
from typing import TypeVar

import msgspec
import numpy as np

from mmbench.engine.dispatch import StoredRow, labels_of
from mmbench.engine.execution.forward import Forward
from mmbench.engine.execution.in_process import batch_size
from mmbench.engine.loading.models.resolver import Model, ModelResolver, find_parsed
from mmbench.engine.workers.messages import (
    BatchOrder,
    BatchReply,
    CallReply,
    Fault,
    ModelOrder,
    NodeFacts,
    PartOrder,
    WorkerSettings,
    as_reply,
)
from mmbench.engine.workers.node import hash_cache, node_facts, release_memory, set_threads
from mmbench.engine.workers.plugin_files import load_plugins
from mmbench.engine.workers.search.vector_copies import NodeVectors
from mmbench.engine.workers.search.vector_files import SharedVectors, VectorsNeeded
from mmbench.engine.workers.shipping import FileNeeded, Files, receive_media
from mmbench.errors import ModelError, SampleError, UserError
from mmbench.memory import ADVICE, is_out_of_memory
from mmbench.plugins.faults import plugin_fault
from mmbench.protocols import WritesEach
from mmbench.search.part_search import CorpusPart, count_part, score_pairs
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import Item, Requests

T = TypeVar("T")

_SEARCHES: dict[str, Callable[..., object]] = {
    function.__name__: function for function in (score_pairs, count_part)
}
_DECODERS = 8  # most threads that prepare items, as in one process


class Worker:
    """Loads one model at a time and computes batches. Its methods may run in several threads.

    On a GPU, items are prepared while another batch is computed; on a CPU, both would compete for
    the same cores. An error is returned as a Fault.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        if Path(settings.cwd).is_dir():  # for relative paths
            os.chdir(settings.cwd)
        self._facts = node_facts()
        self._threads = settings.threads
        self._cache = hash_cache(settings, self._facts.node)
        self._forward = RLock()
        on_cpu = self._facts.device == "cpu"
        self._prepare: AbstractContextManager[object] = self._forward if on_cpu else nullcontext()
        self._pool = ThreadPoolExecutor(min(_DECODERS, os.cpu_count() or 1))
        self._vectors = NodeVectors()
        self._model: object = None
        self._name = ""
        self._steps: dict[str, int] = {}  # the items that fitted into the memory, by method

    def facts(self) -> NodeFacts:
        """Return the facts about this worker's node."""
        return self._facts

    def load(self, order: ModelOrder) -> str | Fault:
        """Load a model in place of the one before.

        Return "", or the reason why this worker cannot compute the same outputs as the driver.
        """
        return _guarded(lambda: self._load(order))

    def labels(self) -> list[str] | Fault:
        """Return the class names of the loaded model."""
        return _guarded(lambda: labels_of(self._model, self._name))

    def batch_size(self, requests: Requests, files: Files) -> int | Fault:
        """Return a batch size that fits the memory; the requests have only the longest item."""
        return _guarded(lambda: self._batch_size(requests, files))

    def compute(self, order: BatchOrder, files: Files) -> CallReply:
        """Compute batches. `files` has the bytes of the media that the driver sends, by digest."""
        replies: list[BatchReply] = []
        blocks: list[memoryview] = []
        fault = None
        for items in order.batches():
            reply = _guarded(partial(self._compute, order, items, files, blocks))
            if isinstance(reply, Fault):
                fault = reply
                break
            replies.append(reply)
        return CallReply(np.frombuffer(b"".join(blocks), np.uint8), replies, fault)

    def search(
        self, order: PartOrder, part: CorpusPart, argument: object, server: object = None
    ) -> object | Fault:
        """Search a part of a corpus, whose vectors are SharedVectors.

        Return VectorsNeeded if this node does not see the vectors and there is no `server`.
        """
        return _guarded(lambda: self._search(order, part, argument, server))

    def forget(self, search: str) -> None:
        """Delete what was kept for a search."""
        self._vectors.forget(search)

    def _search(
        self, order: PartOrder, part: CorpusPart, argument: object, server: object
    ) -> object:
        set_threads(self._threads)
        assert isinstance(part.vectors, SharedVectors)  # the driver made it
        try:
            queries, vectors = (
                self._vectors.open(one, order.search, server)
                for one in (order.queries, part.vectors)
            )
        except VectorsNeeded as error:
            if server is None:
                return error
            raise UserError("the embeddings changed during the search; run it again") from error
        with self._forward:
            return _SEARCHES[order.function](queries, replace(part, vectors=vectors), argument)

    def _load(self, order: ModelOrder) -> str:
        set_threads(self._threads)
        self._model, self._steps, self._name = None, {}, order.name
        release_memory(self._facts.device)
        origin = order.origin
        with ContentKeys(self._cache) as keys:
            if reason := load_plugins(order):
                return reason
            device = self._facts.device
            finder = ModelResolver(keys, origin.dtype, device, origin.trust_remote_code)
            try:
                model = find_parsed(origin.text, origin.ref, finder, dict(origin.options))
            except ModelError as error:  # the driver has found the same model
                raise ModelError(
                    f"{error}; put the model's files on each node, under the same path"
                ) from error
            if model.info.hash != order.hash:
                return _difference(model, order)
            self._model = model.load(device)
        return ""

    def _batch_size(self, requests: Requests, files: Files) -> int:
        item = receive_media(requests.contents[0], files)
        return batch_size(self._model, requests, item, self._facts.device)

    def _compute(
        self, order: BatchOrder, items: Sequence[Item], files: Files, blocks: list[memoryview]
    ) -> BatchReply:
        """Compute a batch; append its rows to `blocks` if they are of equal length."""
        set_threads(self._threads)
        method = order.requests.method
        step = min(order.step, self._steps.get(method, order.step))
        forward = Forward(self._model, order.requests, step, self._facts.device, self._name)
        with self._prepare:
            start = perf_counter()
            prepared = self._prepared(forward, items, files)
            seconds = perf_counter() - start
        if missing := [one.digest for one in prepared if isinstance(one, FileNeeded)]:
            return BatchReply(missing=tuple(missing))
        notes: list[str] = []
        with self._forward:
            start = perf_counter()
            outputs = _outputs(forward, prepared, notes)
            seconds += perf_counter() - start
        self._steps[method] = forward.step
        return msgspec.structs.replace(
            as_reply(outputs, blocks),
            step=forward.step,
            audio_seconds=forward.audio_seconds,
            seconds=seconds,
            notes=tuple(notes),
        )

    def _prepared(self, forward: Forward, items: Sequence[Item], files: Files) -> Sequence[object]:
        """Return each item prepared for the model, or its SampleError or FileNeeded."""

        def one(item: Item) -> object:
            try:
                return forward.prepare(receive_media(item, files))
            except (SampleError, FileNeeded) as error:
                return error

        if len(items) > 1 and set(map(type, items)) != {str}:
            return [*self._pool.map(one, items)]
        return [one(item) for item in items]


def _outputs(forward: Forward, prepared: Sequence[object], notes: list[str]) -> Sequence[StoredRow]:
    """Return the encoded outputs of prepared items, in their order."""
    if forward.requests.method != "write" or not isinstance(forward.model, WritesEach):
        return forward.answer(prepared, notes.append)
    by_row = dict(forward.answer_prepared(forward.model, enumerate(prepared)))
    return [by_row[row] for row in range(len(prepared))]


def _difference(model: Model, order: ModelOrder) -> str:
    """Return in which parts a model differs from the driver's model."""
    expected = dict(order.parts)
    names = [name for name, value in model.parts if expected.get(name) != value]
    what = " and ".join(dict.fromkeys(names)) or "options or data type"
    place = order.origin.ref.checkpoint
    where = f" of {place}" if place and "weights" in names else ""
    return f"its {what}{where} differ from those of the driver"


def _guarded(call: Callable[[], T]) -> T | Fault:
    """Return the result of a call, or the error that it raised as a Fault."""
    try:
        return call()
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # a plugin may raise each of them
        trace = "".join(traceback.format_exception(error))
        if isinstance(error, UserError):
            return Fault(type(error).__name__, str(error), trace)
        advice = ADVICE if is_out_of_memory(error) else ""
        text = advice or plugin_fault(error)
        return Fault("Exception" if text else "", text or repr(error), trace)
