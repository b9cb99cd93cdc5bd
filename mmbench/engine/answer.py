"""Requests in, vectors out: keys, plan, journal, and a forward for what that does not hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from mmbench.contents import ContentKeys
from mmbench.engine.forward import Forward, prepared_bytes
from mmbench.engine.plan import first_size, plan
from mmbench.engine.progress import Progress
from mmbench.errors import ContentError, SampleError
from mmbench.journal import Batch, Journal
from mmbench.types import Answers, Array, Content, Embeds, Requests

_IN_MEMORY = 1 << 30  # bytes of vectors beyond which they live in a temporary memory map
_BLOCK = 1 << 16  # rows normalised or copied at a time


class _Distinct(NamedTuple):
    """The distinct contents of a list of requests."""

    keys: list[bytes]
    contents: list[Content]
    rows: list[int]  # per request: its number in `keys`, -1 where it has no key
    failures: dict[int, str]  # per request without a key: why


class Answerer:
    """Answers requests with one model. `load` builds the model when the first forward is due.

    `batch_size` None chooses one. `fresh` ignores what the journal holds, and keeps it.
    """

    def __init__(
        self,
        load: Callable[[], Embeds],
        folder: Path,
        keys: ContentKeys,
        progress: Progress,
        *,
        device: str = "cpu",
        batch_size: int | None = None,
        fresh: bool = False,
    ) -> None:
        self._load = load
        self._model: Embeds | None = None
        self._folder = folder
        self._keys = keys
        self._progress = progress
        self._device = device
        self._batch_size = batch_size
        self._fresh = fresh
        self.computed = 0
        self.cached = 0

    def model(self) -> Embeds:
        """The model, loaded on first use."""
        if self._model is None:
            self._model = self._load()
        return self._model

    def answer(self, stage: str, requests: Requests) -> Answers:
        """Vectors [n, d] float32 of n requests, L2-normalised if asked, and why some failed.

        Each distinct content is computed once. Raises UserError when the journal cannot be written.
        """
        distinct = _distinct(requests.contents, self._keys)
        folder = self._folder / f"{requests.modality}-{requests.role}"
        journal = Journal(folder, fresh=self._fresh)
        try:
            table = _Table(len(distinct.keys))
            self._fill(table, stage, requests, distinct, journal)
        finally:
            journal.close()
            self._progress.finish()
        return _expand(distinct, table, normalise=requests.normalise)

    def _fill(
        self,
        table: _Table,
        stage: str,
        requests: Requests,
        distinct: _Distinct,
        journal: Journal,
    ) -> None:
        keys, contents = distinct.keys, distinct.contents
        lengths = [len(c) if isinstance(c, str) else 0 for c in contents]
        size = self._size(journal, requests, contents, lengths)
        missing = []
        for rows in plan(lengths, keys, size):
            held = journal.get([keys[row] for row in rows])
            if held is None:
                missing.append(rows)
            else:
                table.put(rows, keys, held)
        todo = sum(map(len, missing))
        self.cached += len(keys) - todo
        self._progress.start(stage, len(keys), len(keys) - todo)
        if missing:
            step = journal.sizes[1] if journal.sizes else size
            forward = Forward(
                self.model(), requests.modality, requests.role, min(step, size), self._device
            )
            self._run(forward, missing, distinct, journal, table, size)

    def _size(
        self,
        journal: Journal,
        requests: Requests,
        contents: Sequence[Content],
        lengths: Sequence[int],
    ) -> int:
        """The batch size: as asked, else as the journal recorded, else by the memory there is."""
        if self._batch_size is not None:
            return self._batch_size
        if journal.sizes is not None:
            return journal.sizes[0]
        if not contents:
            return 1
        longest = max(range(len(contents)), key=lengths.__getitem__)
        forward = Forward(self.model(), requests.modality, requests.role, 1)
        return first_size(prepared_bytes(forward.prepare(contents[longest])), self._device)

    def _run(
        self,
        forward: Forward,
        missing: list[list[int]],
        distinct: _Distinct,
        journal: Journal,
        table: _Table,
        size: int,
    ) -> None:
        for rows, items in forward.ahead(missing, distinct.contents):
            keys = [distinct.keys[row] for row in rows]
            batch, passing = self._batch(forward, keys, items)
            if not passing:
                journal.put(keys, batch, (size, forward.step))
            table.put(rows, distinct.keys, batch._replace(failures=batch.failures | passing))
            self.computed += len(batch.keys)
            self._progress.advance(len(rows))

    def _batch(
        self, forward: Forward, keys: list[bytes], items: list[object]
    ) -> tuple[Batch, dict[bytes, str]]:
        """A batch's answers, and the failures that another try might not have (a file gone)."""
        import numpy as np

        failed = {k: i for k, i in zip(keys, items, strict=True) if isinstance(i, SampleError)}
        lasting = {k: str(e) for k, e in failed.items() if isinstance(e, ContentError)}
        passing = {k: str(e) for k, e in failed.items() if k not in lasting}
        good = [key for key in keys if key not in failed]
        sound = [item for item in items if not isinstance(item, SampleError)]
        if not sound:
            return Batch([], np.empty((0, 0), np.float32), lasting), passing
        vectors = forward.embed(sound, self._progress.note)
        bad = _unusable(vectors)
        lasting |= {good[row]: why for row, why in bad.items()}
        kept = [row for row in range(len(good)) if row not in bad]
        return Batch([good[row] for row in kept], vectors[kept], lasting), passing


def _distinct(contents: Sequence[Content], keys: ContentKeys) -> _Distinct:
    found = _Distinct([], [], [], {})
    seen: dict[bytes, int] = {}
    for row, content in enumerate(contents):
        try:
            key = keys.key(content)
        except SampleError as error:
            found.failures[row] = str(error)
            found.rows.append(-1)
            continue
        if key not in seen:
            seen[key] = len(found.keys)
            found.keys.append(key)
            found.contents.append(content)
        found.rows.append(seen[key])
    return found


def _unusable(vectors: Array) -> dict[int, str]:
    """Rows that cannot be ranked, with the reason: NaN, infinite or zero."""
    import numpy as np

    finite = np.isfinite(vectors).all(axis=1)
    zero = ~vectors.any(axis=1)
    bad = {int(row): "the model returned NaN or infinity" for row in np.flatnonzero(~finite)}
    return bad | {int(row): "the model returned a zero vector" for row in np.flatnonzero(zero)}


class _Table:
    """Vectors [n, d] of the distinct contents, filled batch by batch, and the failures by row."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._vectors: Array | None = None
        self.failures: dict[int, str] = {}

    def put(self, rows: Sequence[int], keys: Sequence[bytes], batch: Batch) -> None:
        """Put a batch's vectors into their rows."""
        row_of = {keys[row]: row for row in rows}
        self.failures.update({row_of[key]: why for key, why in batch.failures.items()})
        if batch.keys:
            if self._vectors is None:
                self._vectors = matrix(self._n, batch.vectors.shape[1])
            self._vectors[[row_of[key] for key in batch.keys]] = batch.vectors

    def vectors(self) -> Array:
        """The vectors, failed rows zero; [n, 1] when all failed."""
        return matrix(self._n, 1) if self._vectors is None else self._vectors


def matrix(n: int, d: int) -> Array:
    """Zeros [n, d] float32: in memory, or beyond 1 GiB in a temporary file that is mapped."""
    import numpy as np

    if 4 * n * d <= _IN_MEMORY:
        return np.zeros((n, d), np.float32)
    with TemporaryFile(prefix="mmbench-") as file:
        return np.memmap(file, np.float32, "w+", shape=(n, d))


def _expand(distinct: _Distinct, table: _Table, *, normalise: bool) -> Answers:
    """From distinct contents to requests, L2-normalised if asked."""
    import numpy as np

    unique = table.vectors()
    failures = dict(distinct.failures)
    rows = np.array(distinct.rows, dtype=np.int64)
    out = matrix(len(rows), unique.shape[1])
    if not len(unique):  # not one content has a key
        return Answers(out, failures)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        block = np.where((part >= 0)[:, None], unique[part], 0)
        if not normalise:
            out[start : start + _BLOCK] = block
            continue
        norms = np.sqrt(np.einsum("ij,ij->i", block, block, dtype=np.float64))
        out[start : start + _BLOCK] = block / np.where(norms > 0, norms, 1)[:, None]
    if table.failures:
        failures |= {
            i: table.failures[r] for i, r in enumerate(rows.tolist()) if r in table.failures
        }
    return Answers(out, failures)
