"""Requests in, answers out: keys, plan, journal, and a forward for what that does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from mmbench.contents import ContentKeys, digest
from mmbench.engine.calls import VECTORS, Row, labels_of
from mmbench.engine.decode import is_timed, length
from mmbench.engine.forward import Forward, prepared_bytes
from mmbench.engine.pinned import pinned
from mmbench.engine.plan import first_size, plan
from mmbench.engine.progress import Progress
from mmbench.engine.tables import Distinct, Table, distinct
from mmbench.errors import ContentError, SampleError
from mmbench.journal import Batch, Journal
from mmbench.media import DECODING
from mmbench.protocols import WritesEach
from mmbench.types import Answers, Requests, Said


class Answerer:
    """Answers requests with one model. `load` gives the model when a forward is due.

    `batch_size` None chooses one. `fresh` ignores what the journal holds, and keeps it. `name` is
    what errors call the model.
    """

    def __init__(
        self,
        load: Callable[[], object],
        folder: Path,
        keys: ContentKeys,
        progress: Progress,
        *,
        device: str = "cpu",
        batch_size: int | None = None,
        fresh: bool = False,
        name: str = "the model",
    ) -> None:
        self._load = load
        self._folder = folder
        self._keys = keys
        self._progress = progress
        self._device = device
        self._batch_size = batch_size
        self._fresh = fresh
        self._name = name
        self._labels: dict[str, list[str]] = {}
        self.computed = 0
        self.cached = 0
        self.heard = 0.0  # seconds of sound that were decoded

    def answer(self, stage: str, requests: Requests) -> Answers | Said:
        """The answers to n requests, and why some failed. Each distinct item is computed once.

        Raises UserError when the journal cannot be written.
        """
        asked = distinct(requests.contents, self._keys)
        journal = self._journal(_sort(requests))
        try:
            table = Table(len(asked.keys), requests, self._name)
            self._fill(table, stage, requests, asked, journal)
        finally:
            journal.close()
            self._progress.finish()
        labels = self.labels(requests) if requests.method == "classify" else []
        return table.answers(asked, labels)

    def labels(self, requests: Requests) -> list[str]:
        """Return the names of a classifier's classes, from a journal below that of its scores.

        The model is loaded only where they are not there yet. Raises UserError when the journal
        cannot be used.
        """
        sort = _sort(requests)
        if sort not in self._labels:
            journal = self._journal(f"{sort}/labels")
            try:
                self._labels[sort] = self._journalled_labels(journal, sort)
            finally:
                journal.close()
        return self._labels[sort]

    def _journal(self, name: str) -> Journal:
        owner = f"{self._folder.name}/{name}"
        return Journal(self._folder / name, owner, fresh=self._fresh)

    def _journalled_labels(self, journal: Journal, sort: str) -> list[str]:
        key = digest("labels", self._folder.name, sort)  # one of another model does not fit
        held = journal.get([key])
        if held is not None:
            return msgspec.json.decode(held.rows[0], type=list[str])
        labels = labels_of(self._load(), self._name)
        journal.put([key], Batch([key], [json.dumps(labels).encode()], {}), (1, 1))
        return labels

    def _fill(
        self, table: Table, stage: str, requests: Requests, asked: Distinct, journal: Journal
    ) -> None:
        keys = asked.keys
        lengths = [length(item) for item in asked.items]
        size = self._size(journal, requests, asked, lengths)
        missing = []
        for rows in plan(lengths, keys, size):
            asked_keys = [keys[row] for row in rows]
            held = journal.get(asked_keys)
            if held is None and requests.method not in VECTORS:
                # A text costs too much to write it again for the company of one that failed.
                held = journal.part(asked_keys)
            table.put(rows, keys, held or Batch([], [], {}))
            known = {*held.keys, *held.failures} if held else set()
            rest = [row for row in rows if keys[row] not in known]
            missing += [rest] if rest else []
        todo = sum(map(len, missing))
        self.cached += len(keys) - todo
        self._progress.start(stage, len(keys), len(keys) - todo)
        if missing:
            step = journal.sizes[1] if journal.sizes else size
            model = self._load()
            if getattr(model, "remote", False):
                asked = asked._replace(items=[pinned(item, self._keys) for item in asked.items])
            forward = Forward(model, requests, min(step, size), self._device, self._name)
            if requests.method == "write" and isinstance(model, WritesEach):
                answers = _one_by_one(forward, model, missing, asked)
            else:
                answers = self._batches(forward, missing, asked)
            for rows, answered in answers:
                self._keep(rows, answered, asked, journal, table, (size, forward.step))
            self.heard += forward.heard

    def _size(
        self, journal: Journal, requests: Requests, asked: Distinct, lengths: list[int]
    ) -> int:
        """The batch size: as asked, else as the journal recorded, else by the memory there is."""
        if self._batch_size is not None:
            return self._batch_size
        if journal.sizes is not None:
            return journal.sizes[0]
        if not asked.items:
            return 1
        longest = max(range(len(lengths)), key=lengths.__getitem__)
        model = self._load()
        item = Forward(model, requests, 1).prepare(asked.items[longest])
        return first_size(prepared_bytes(item), self._device, _most(model, requests))

    def _batches(
        self, forward: Forward, missing: list[list[int]], asked: Distinct
    ) -> Iterator[tuple[list[int], list[Row]]]:
        for rows, items in forward.ahead(missing, asked.items):
            yield rows, forward.answer(items, self._progress.note)

    def _keep(
        self,
        rows: list[int],
        answers: list[Row],
        asked: Distinct,
        journal: Journal,
        table: Table,
        sizes: tuple[int, int],
    ) -> None:
        """Put answers into the journal and into the table."""
        keys = [asked.keys[row] for row in rows]
        batch, passing = _sorted_out(keys, answers)
        if not passing:
            journal.put(keys, batch, sizes)
        elif batch.keys and not table.whole:
            journal.put([*batch.keys, *batch.failures], batch, sizes)
        table.put(rows, asked.keys, batch._replace(failures=batch.failures | passing))
        self.computed += len(batch.keys)
        self._progress.advance(len(rows))


def _one_by_one(
    forward: Forward, model: WritesEach, missing: list[list[int]], asked: Distinct
) -> Iterator[tuple[list[int], list[Row]]]:
    """Each answer when it arrives, as a batch of one."""
    for row, answer in forward.each(model, missing, asked.items):
        yield [row], [answer]


def _sorted_out(keys: list[bytes], rows: list[Row]) -> tuple[Batch, dict[bytes, str]]:
    """A batch's answers, and the failures that another try might not have (a file gone)."""
    failed = {k: r for k, r in zip(keys, rows, strict=True) if isinstance(r, SampleError)}
    lasting = {k: str(e) for k, e in failed.items() if isinstance(e, ContentError)}
    passing = {k: str(e) for k, e in failed.items() if k not in lasting}
    good = [(k, r) for k, r in zip(keys, rows, strict=True) if not isinstance(r, SampleError)]
    return Batch([key for key, _ in good], [row for _, row in good], lasting), passing


def _sort(requests: Requests) -> str:
    """The name of the journal's folder for requests of one sort.

    With sounds or videos in them, it holds the version of the rules by which these are decoded.
    """
    sort = _asked(requests)
    return f"{sort}-decoding{DECODING}" if any(map(is_timed, requests.contents)) else sort


def _asked(requests: Requests) -> str:
    if requests.method == "embed":
        return f"{requests.modality}-{requests.role}"
    if requests.method == "write":
        return f"write-{digest(msgspec.json.encode(requests.options)).hex()[:16]}"
    return f"{requests.method}-{requests.modality}"


# What takes turns with itself, token by token or step by step, gains little from larger batches
# and takes the memory of every step.
_MOST = {"write": 16, "draw": 4, "speak": 8, "loglikelihood": 16}


def _most(model: object, requests: Requests) -> int | None:
    """The largest batch worth trying: the model's own word, else by what is asked."""
    own: int | None = getattr(model, "batch", None)
    return own or _MOST.get(requests.method)
