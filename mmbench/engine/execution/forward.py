"""Decoding of items ahead of time, and forward passes of batches.

Batches shrink when memory runs out.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from os import cpu_count

import numpy as np

from mmbench.columns import Places
from mmbench.engine.dispatch import StoredRow, call, encode_output
from mmbench.engine.execution.decode import decode, describe_item, seconds_of_sound
from mmbench.errors import ModelError, SampleError
from mmbench.memory import is_out_of_memory
from mmbench.protocols import Prepares, WritesEach
from mmbench.text import count
from mmbench.types import Item, MatchRequest, Message, Requests, SeededPrompt

# Number of batches decoded during a forward pass. It is 0 on a CPU: the forward pass uses every
# core and would wait for a core that decodes; decoding a batch on all cores first is faster.
_AHEAD = {"cpu": 0, "cuda": 2}

ItemSelector = Callable[["Places"], Sequence[Item]]  # returns the items at the given rows
# The rows of a batch, and for each row its prepared input or its SampleError.
PreparedBatch = tuple["Places", list[object]]


@dataclass(eq=False)
class Forward:
    """The forward passes of one model over batches of requests.

    `step` is the number of items in one forward pass: initially the batch size, and half as many
    each time that memory runs out. `name` is the model's name in errors.
    """

    model: object
    requests: Requests
    step: int
    device: str = "cpu"
    name: str = "the model"
    _audio_seconds: list[float] = field(default_factory=list, init=False)  # threads append to it

    @property
    def audio_seconds(self) -> float:
        """The total duration of the audio in the items decoded so far, in seconds."""
        return sum(self._audio_seconds)

    def prepare(self, item: Item) -> object:
        """Decode one item and preprocess it for the model; return the SampleError if that fails."""
        try:
            decoded = decode(item, self.model)
        except SampleError as error:
            return error
        self._audio_seconds.append(seconds_of_sound(decoded))
        if not isinstance(self.model, Prepares) or isinstance(decoded, SeededPrompt | MatchRequest):
            return decoded
        try:
            return self._prepare(self.model, decoded)
        except SampleError as error:
            return error
        except Exception as error:
            error.add_note(f"while preparing {describe_item(item)}")
            raise

    def _prepare(self, model: Prepares, decoded: object) -> object:
        method = self.requests.method
        if method in ("write", "relevance", "embed_joint"):
            return model.prepare(decoded, "conversation")
        if method == "loglikelihood" and isinstance(decoded, tuple):
            return model.prepare(decoded[0], "conversation"), decoded[1]
        return model.prepare(decoded, self.requests.modality)

    def prepare_ahead(
        self, batches: Iterable[Places], select: ItemSelector
    ) -> Iterator[PreparedBatch]:
        """Yield each batch with its prepared items, in order.

        On a GPU, threads prepare the next batches during the forward pass.
        """
        queue: deque[tuple[Places, Sequence[object]]] = deque()
        pool = ThreadPoolExecutor(min(8, cpu_count() or 1), thread_name_prefix="decode")
        try:
            for rows in batches:
                items = select(rows)
                ready = not isinstance(self.model, Prepares) and set(map(type, items)) == {str}
                queue.append(
                    (rows, items if ready else [pool.submit(self.prepare, item) for item in items])
                )
                if len(queue) > _AHEAD[self.device.partition(":")[0]]:
                    yield _wait_for(*queue.popleft())
            while queue:
                yield _wait_for(*queue.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def answer_each(
        self, model: WritesEach, batches: Iterable[Places], select: ItemSelector
    ) -> Iterator[tuple[int, StoredRow]]:
        """Yield (row, encoded output) of each item in the batches as soon as the model returns it.

        The output of an item that could not be prepared is its SampleError.
        """
        prepared = (
            pair
            for rows, items in self.prepare_ahead(batches, select)
            for pair in zip(rows.tolist(), items, strict=True)
        )
        yield from self.answer_prepared(model, prepared)

    def answer_prepared(
        self, model: WritesEach, items: Iterable[tuple[int, object]]
    ) -> Iterator[tuple[int, StoredRow]]:
        """Yield (row, encoded output) for pairs of a row and a prepared item, in any order."""
        numbers: list[int] = []
        failed: list[tuple[int, StoredRow]] = []
        answered = 0

        def valid_items() -> Iterator[object]:
            for number, item in items:
                if isinstance(item, SampleError):
                    failed.append((number, item))
                else:
                    numbers.append(number)
                    yield item

        for at, answer in model.write_each(valid_items(), self.requests.options):
            yield numbers[at], encode_output(answer, model, "write", self.name)
            answered += 1
        if answered != len(numbers):
            raise ModelError(
                f"{self.name}: write_each yielded {count(answered, 'output')} for"
                f" {count(len(numbers), 'conversation')}; yield one output per conversation"
            )
        yield from failed

    def outputs(
        self, batches: Iterable[Places], select: ItemSelector, report: Callable[[str], None]
    ) -> Iterator[tuple[Places, Sequence[StoredRow]]]:
        """Yield the rows and the encoded outputs of each batch.

        If the model writes each answer on its own, each answer is a batch of one. `report` is
        called with a message when memory runs out.
        """
        if self.requests.method == "write" and isinstance(self.model, WritesEach):
            for row, output in self.answer_each(self.model, batches, select):
                yield np.array([row]), [output]
            return
        for rows, prepared in self.prepare_ahead(batches, select):
            yield rows, self.answer(prepared, report)

    def answer(self, items: Sequence[object], report: Callable[[str], None]) -> Sequence[StoredRow]:
        """Return an encoded output for each prepared item; failed items stay SampleErrors.

        When memory runs out, `step` is halved and `report` is called with a message. Raises
        ModelError if a single item does not fit into the memory.
        """
        valid = [item for item in items if not isinstance(item, SampleError)]
        rows = self._answer(valid, report) if valid else []
        if len(valid) == len(items):
            return rows
        outputs = iter(rows)
        return [item if isinstance(item, SampleError) else next(outputs) for item in items]

    def _answer(
        self, items: Sequence[object], report: Callable[[str], None]
    ) -> Sequence[StoredRow]:
        """Return an encoded output for each item.

        If the model raises a SampleError for a batch of several items, the items are run one by
        one.
        """
        while True:
            try:
                parts = (items[i : i + self.step] for i in range(0, len(items), self.step))
                outputs = [call(self.model, part, self.requests, self.name) for part in parts]
                return outputs[0] if len(outputs) == 1 else list(chain.from_iterable(outputs))
            except SampleError as error:
                if len(items) == 1:
                    return [error]
                return [row for item in items for row in self._answer([item], report)]
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.step == 1:
                    raise ModelError(
                        f"out of memory with a batch of one {self.requests.modality}; choose"
                        " another --device or a smaller --dtype"
                    ) from error
            self.step = max(1, self.step // 2)
            _release_memory()
            report(f"out of memory; continuing with batches of {self.step}")


def prepared_bytes(item: object) -> int:
    """Estimate the size of one prepared input in bytes from its arrays, images and lists."""
    match item:
        case dict():
            return sum(prepared_bytes(value) for value in item.values())
        case Message():
            return sum(prepared_bytes(part) for part in item.parts)
        case list() | tuple() if item and not isinstance(item[0], int):
            return sum(prepared_bytes(value) for value in item)
        case list() | tuple():
            return 8 * len(item)
    size: tuple[int, int] = getattr(item, "size", (0, 0)) if hasattr(item, "getbands") else (0, 0)
    return int(getattr(item, "nbytes", 0)) or 3 * size[0] * size[1] or 1024


def _wait_for(rows: Places, prepared: Sequence[object]) -> PreparedBatch:
    return rows, [one.result() if isinstance(one, Future) else one for one in prepared]


def _release_memory() -> None:
    import gc

    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
