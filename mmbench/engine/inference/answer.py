"""Requests in, answers out: keys, plan, journal, and a forward for what that does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from mmbench.columns import Places, taken
from mmbench.engine.dispatch import StoredRow, labels_of
from mmbench.engine.inference.decode import is_timed, lengths
from mmbench.engine.inference.forward import Forward, Taken, prepared_bytes
from mmbench.engine.inference.pinned import pinned
from mmbench.engine.inference.plan import first_size, largest_batch, plan
from mmbench.engine.inference.responses import Distinct, ResponseTable, distinct
from mmbench.engine.progress import Progress
from mmbench.errors import ContentError, SampleError
from mmbench.media import DECODING
from mmbench.protocols import WritesEach
from mmbench.storage.content_keys import ContentKeys, Keys, as_keys, digest
from mmbench.storage.journal import Journal
from mmbench.storage.journal_entries import JournalBatch, RowBlock
from mmbench.types import GeneratedOutputs, Requests, VectorOutputs


@dataclass(eq=False)
class CachedInference:
    """Answers requests with one model. `load` gives the model when a forward is due.

    `batch_size` None chooses one. `fresh` ignores what the journal holds, and keeps it. `name` is
    what errors call the model.
    """

    load: Callable[[], object]
    folder: Path
    keys: ContentKeys
    progress: Progress
    _: KW_ONLY
    device: str = "cpu"
    batch_size: int | None = None
    fresh: bool = False
    name: str = "the model"
    computed: int = field(default=0, init=False)
    cached: int = field(default=0, init=False)
    heard: float = field(default=0.0, init=False)  # seconds of sound that were decoded
    _labels: dict[str, list[str]] = field(default_factory=dict, init=False)

    def answer(self, stage: str, requests: Requests) -> VectorOutputs | GeneratedOutputs:
        """The answers to n requests, and why some failed. Each distinct item is computed once.

        Raises UserError when the journal cannot be written.
        """
        asked = distinct(requests.contents, self.keys)
        table = ResponseTable(len(asked.keys), requests, self.name)
        try:
            with closing(self._journal(_sort(requests))) as journal:
                self._fill(table, stage, requests, asked, journal)
        finally:
            self.progress.finish()
        labels = self.labels(requests) if requests.method == "classify" else []
        return table.answers(asked, labels)

    def labels(self, requests: Requests) -> list[str]:
        """Return the names of a classifier's classes, from a journal below that of its scores.

        The model is loaded only where they are not there yet. Raises UserError when the journal
        cannot be used.
        """
        sort = _sort(requests)
        if sort not in self._labels:
            with closing(self._journal(f"{sort}/labels")) as journal:
                self._labels[sort] = self._journalled_labels(journal, sort)
        return self._labels[sort]

    def _journal(self, name: str) -> Journal:
        owner = f"{self.folder.name}/{name}"
        return Journal(self.folder / name, owner, fresh=self.fresh)

    def _journalled_labels(self, journal: Journal, sort: str) -> list[str]:
        # One of another model does not fit.
        key = as_keys([digest("labels", self.folder.name, sort)])
        held = journal.get(key)
        if held is not None:
            return msgspec.json.decode(held.rows[0], type=list[str])
        labels = labels_of(self.load(), self.name)
        journal.put(key, JournalBatch(key, [json.dumps(labels).encode()], {}), (1, 1))
        return labels

    def _fill(
        self,
        table: ResponseTable,
        stage: str,
        requests: Requests,
        asked: Distinct,
        journal: Journal,
    ) -> None:
        item_lengths = lengths(asked.items, asked.first)
        size = self._size(journal, requests, asked, item_lengths)
        missing = [
            rest
            for rows in plan(item_lengths, asked.keys, size)
            if len(rest := _put_held(table, rows, asked.keys, journal))
        ]
        todo = sum(map(len, missing))
        self.cached += len(asked.keys) - todo
        self.progress.start(stage, len(asked.keys), len(asked.keys) - todo)
        if missing:
            step = journal.sizes[1] if journal.sizes else size
            model = self.load()
            items = asked.taken
            if getattr(model, "remote", False):
                pins = [pinned(item, self.keys) for item in taken(asked.items, asked.first)]
                items = partial(taken, pins)
            forward = Forward(model, requests, min(step, size), self.device, self.name)
            if requests.method == "write" and isinstance(model, WritesEach):
                answers = _one_by_one(forward, model, missing, items)
            else:
                answers = self._batches(forward, missing, items)
            for rows, answered in answers:
                self._keep(rows, answered, asked, journal, table, (size, forward.step))
            self.heard += forward.heard

    def _size(self, journal: Journal, requests: Requests, asked: Distinct, lengths: Places) -> int:
        """The batch size: as asked, else as the journal recorded, else by the memory there is."""
        if self.batch_size is not None:
            return self.batch_size
        if journal.sizes is not None:
            return journal.sizes[0]
        if not len(lengths):
            return 1
        (longest,) = asked.taken(lengths.argmax(0, keepdims=True))
        model = self.load()
        item = Forward(model, requests, 1).prepare(longest)
        return first_size(prepared_bytes(item), self.device, largest_batch(model, requests))

    def _batches(
        self, forward: Forward, missing: list[Places], items: Taken
    ) -> Iterator[tuple[Places, Sequence[StoredRow]]]:
        for rows, prepared in forward.ahead(missing, items):
            yield rows, forward.answer(prepared, self.progress.note)

    def _keep(
        self,
        rows: Places,
        answers: Sequence[StoredRow],
        asked: Distinct,
        journal: Journal,
        table: ResponseTable,
        sizes: tuple[int, int],
    ) -> None:
        """Put answers into the journal and into the table."""
        keys = asked.keys[rows]
        batch, passing = _sorted_out(keys, answers)
        if not passing:
            journal.put(keys, batch, sizes)
        elif len(batch.keys) and not table.whole:
            journal.put(as_keys([batch.keys.data, *batch.failures]), batch, sizes)
        table.put(rows, asked.keys, batch._replace(failures=batch.failures | passing))
        self.computed += len(batch.keys)
        self.progress.advance(len(rows))


def _put_held(table: ResponseTable, rows: Places, keys: Keys, journal: Journal) -> Places:
    """Put what the journal holds of a batch into the table. Returns the rows that are missing."""
    held = journal.get(keys[rows])
    if held is None and not table.whole:
        # A text costs too much to write it again for the company of one that failed.
        held = journal.part(keys[rows])
    return rows if held is None else table.put(rows, keys, held)


def _one_by_one(
    forward: Forward, model: WritesEach, missing: list[Places], items: Taken
) -> Iterator[tuple[Places, Sequence[StoredRow]]]:
    """Each answer when it arrives, as a batch of one."""
    for row, answer in forward.each(model, missing, items):
        yield np.array([row]), [answer]


def _sorted_out(keys: Keys, rows: Sequence[StoredRow]) -> tuple[JournalBatch, dict[bytes, str]]:
    """A batch's answers, and the failures that another try might not have (a file gone)."""
    if isinstance(rows, RowBlock):
        return JournalBatch(keys, rows, {}), {}
    failed = {bytes(keys[at]): e for at, e in enumerate(rows) if isinstance(e, SampleError)}
    lasting = {k: str(e) for k, e in failed.items() if isinstance(e, ContentError)}
    passing = {k: str(e) for k, e in failed.items() if k not in lasting}
    good = [at for at, row in enumerate(rows) if not isinstance(row, SampleError)]
    answers = [row for row in rows if not isinstance(row, SampleError)]
    return JournalBatch(keys[good], answers, lasting), passing


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
