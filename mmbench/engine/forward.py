"""Decoding ahead and running forwards, with a batch that shrinks when memory runs out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from typing import TYPE_CHECKING, Any

from mmbench import media
from mmbench.errors import ModelError, SampleError
from mmbench.types import Array, Content, Embeds, Media, Modality, Prepares, Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Batches decoded while one is run. On a CPU none: the forward uses every core, and a thread that
# takes one of them away makes all the others wait for it; decoding a batch on all cores first is
# quicker.
_AHEAD = {"cpu": 0, "cuda": 2}

Prepared = tuple[list[int], list[Any]]  # rows of a batch; each one's input or its SampleError


class Forward:
    """One model answering batches of one modality in one role.

    `step` is how many items one forward takes: the batch size until memory runs out, then half.
    """

    def __init__(
        self, model: Embeds, modality: Modality, role: Role, step: int, device: str = "cpu"
    ) -> None:
        self._model = model
        self._ahead = _AHEAD[device.partition(":")[0]]
        self._modality: Modality = modality
        self._role: Role = role
        self.step = step

    def prepare(self, content: Content) -> Any:
        """Decode one content and do the model's own work on it, or return why that cannot be."""
        try:
            item = decode(content)
        except SampleError as error:
            return error
        if not isinstance(self._model, Prepares):
            return item
        try:
            return self._model.prepare(item, self._modality)
        except SampleError as error:
            return error
        except Exception as error:
            error.add_note(f"while preparing {_shown(content)}")
            raise

    def ahead(
        self, batches: Iterable[list[int]], contents: Sequence[Content]
    ) -> Iterator[Prepared]:
        """Each batch with its items prepared, in order; on a GPU ahead of their use."""
        queue: deque[tuple[list[int], list[Future[Any]]]] = deque()
        pool = ThreadPoolExecutor(min(8, cpu_count() or 1), thread_name_prefix="decode")
        try:
            for rows in batches:
                queue.append((rows, [pool.submit(self.prepare, contents[row]) for row in rows]))
                if len(queue) > self._ahead:
                    yield _results(*queue.popleft())
            while queue:
                yield _results(*queue.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def embed(self, items: Sequence[Any], told: Callable[[str], None]) -> Array:
        """Vectors [n, d] float32 of prepared items. Halves `step` when memory runs out.

        Raises ModelError when one item alone is too much.
        """
        while True:
            try:
                return self._embed(items)
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
                if self.step == 1:
                    raise ModelError(
                        f"out of memory with a batch of one {self._modality}: choose another"
                        " --device or a smaller --dtype"
                    ) from error
            self.step = max(1, self.step // 2)
            _release_memory()
            told(f"out of memory: going on with batches of {self.step}")

    def _embed(self, items: Sequence[Any]) -> Array:
        import numpy as np

        parts = [
            _checked(self._model.embed(part, self._modality, self._role), len(part))
            for part in (items[i : i + self.step] for i in range(0, len(items), self.step))
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def decode(content: Content) -> Any:
    """What an adapter is given: a str as it is, an image as PIL.Image in RGB.

    Raises SampleError when the content is broken or cannot be decoded.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, Media):
        return media.decode_image(media.read_bytes(content), content.name)
    raise SampleError(content.reason)


def prepared_bytes(item: Any) -> int:
    """The size of one prepared input, as far as it says: arrays, and what holds arrays."""
    if isinstance(item, dict):
        return sum(prepared_bytes(value) for value in item.values())
    if isinstance(item, list | tuple):
        return 8 * len(item)
    return int(getattr(item, "nbytes", 0)) or 1024


def _results(rows: list[int], futures: list[Future[Any]]) -> Prepared:
    return rows, [future.result() for future in futures]


def _checked(vectors: NDArray[Any], n: int) -> Array:
    import numpy as np

    if getattr(vectors, "ndim", 0) != 2 or len(vectors) != n:
        shape = getattr(vectors, "shape", type(vectors).__name__)
        raise ModelError(f"the model's embed returned {shape} for {n} items: [{n}, d] is needed")
    return np.asarray(vectors, dtype=np.float32)


def _out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own; the CPU's allocator says it in words."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _release_memory() -> None:
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _shown(content: Content) -> str:
    return content.name if isinstance(content, Media) else repr(content)[:80]
