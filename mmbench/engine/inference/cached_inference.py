"""Outputs of requests, read from the journal or computed by forward passes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from mmbench.columns import Places
from mmbench.engine.dispatch import StoredRow
from mmbench.engine.execution.decode import is_timed, lengths
from mmbench.engine.execution.executor import ComputedBatch, ModelExecutor
from mmbench.engine.execution.tries import end_try, is_try
from mmbench.engine.inference.plan import plan
from mmbench.engine.inference.responses import Distinct, ResponseTable, distinct
from mmbench.engine.progress import Progress
from mmbench.engine.usage import Usage
from mmbench.errors import ContentError, SampleError
from mmbench.media import DECODING
from mmbench.storage.content_keys import ContentKeys, Keys, as_keys, digest
from mmbench.storage.journal.entries import JournalBatch, RowBlock
from mmbench.storage.journal.journal import Journal
from mmbench.storage.journal.turns import turn
from mmbench.types import GeneratedOutputs, Requests, VectorOutputs


@dataclass(eq=False)
class CachedInference:
    """The inference of one model, with a journal of its outputs in `folder`.

    `executor` runs the forward passes. If `batch_size` is None, a size that fits the memory is
    chosen. If `fresh` is true, outputs that are already in the journal
    are ignored, but not deleted. `price` has the prices of a million prompt tokens and of a million
    completion tokens; if it is given, the cost is reported. `name` is the model's name in errors.
    """

    executor: ModelExecutor
    folder: Path
    keys: ContentKeys
    progress: Progress
    _: KW_ONLY
    batch_size: int | None = None
    fresh: bool = False
    price: Sequence[float] | None = None
    name: str = "the model"
    computed: int = field(default=0, init=False)
    cached: int = field(default=0, init=False)
    audio_seconds: float = field(default=0.0, init=False)  # seconds of decoded audio
    usage: Usage = field(default=Usage(), init=False)
    _labels: dict[str, list[str]] = field(default_factory=dict, init=False)

    def answer(self, stage: str, requests: Requests) -> VectorOutputs | GeneratedOutputs:
        """Return the outputs and failures of n requests. Each distinct item is computed once.

        `stage` is the name of the stage in progress reports. Raises UserError if the journal cannot
        be written.
        """
        unique = distinct(requests.contents, self.keys)
        table = ResponseTable(len(unique.keys), requests, self.name)
        try:
            name = _journal_name(requests)
            with self._turn(name), closing(self._journal(name)) as journal:
                self._fill(table, stage, requests, unique, journal)
        finally:
            self.progress.finish()
        outputs = table.generated(np.arange(len(unique.keys)))
        self.usage = self.usage._replace(total=self.usage.total.plus(outputs))
        labels = self.labels(requests) if requests.method == "classify" else []
        return table.answers(unique, labels)

    def labels(self, requests: Requests) -> list[str]:
        """Return the class names of a classifier.

        The names are stored in a journal below the journal of the class scores; the model is loaded
        only if they are not stored yet. Raises UserError if the journal cannot be used.
        """
        name = _journal_name(requests)
        if name not in self._labels:
            folder = f"{name}/labels"
            with self._turn(folder), closing(self._journal(folder)) as journal:
                self._labels[name] = self._journalled_labels(journal, name)
        return self._labels[name]

    def _turn(self, name: str) -> AbstractContextManager[None]:
        """Return the turn at a journal; a try only reads, and does not wait."""
        return nullcontext() if is_try() else turn(self.folder / name)

    def _journal(self, name: str) -> Journal:
        owner = f"{self.folder.name}/{name}"
        return Journal(self.folder / name, owner, fresh=self.fresh)

    def _journalled_labels(self, journal: Journal, name: str) -> list[str]:
        # The key contains the model's folder, so that labels of another model are never used.
        key = as_keys([digest("labels", self.folder.name, name)])
        stored = journal.get(key)
        if stored is not None:
            return msgspec.json.decode(stored.rows[0], type=list[str])
        end_try()
        labels = self.executor.labels()
        journal.add(key, JournalBatch(key, [json.dumps(labels).encode()], {}), (1, 1))
        return labels

    def _fill(
        self,
        table: ResponseTable,
        stage: str,
        requests: Requests,
        unique: Distinct,
        journal: Journal,
    ) -> None:
        item_lengths = lengths(unique.items, unique.first)
        size = self._size(journal, requests, unique, item_lengths)
        missing = [
            rest
            for rows in plan(item_lengths, unique.keys, size)
            if len(rest := _load_stored(table, rows, unique.keys, journal))
        ]
        if missing:
            end_try()
        n_missing = sum(map(len, missing))
        self.cached += len(unique.keys) - n_missing
        missing.sort(key=lambda rows: -int(item_lengths[rows].max()))  # the longest first
        self.progress.start(stage, len(unique.keys), len(unique.keys) - n_missing)
        if missing:
            step = min(journal.sizes[1] if journal.sizes else size, size)
            with closing(self.executor.compute(requests, missing, unique.select, step)) as batches:
                for batch in batches:
                    self._save(batch, unique, journal, table, size)

    def _size(self, journal: Journal, requests: Requests, unique: Distinct, lengths: Places) -> int:
        """Return the batch size of the forward passes.

        It is the requested size, else the size stored in the journal, else a size that fits the
        memory.
        """
        if self.batch_size is not None:
            return self.batch_size
        if journal.sizes is not None:
            return journal.sizes[0]
        if not len(lengths):
            return 1
        end_try()
        (longest,) = unique.select(lengths.argmax(0, keepdims=True))
        return self.executor.batch_size(requests, longest)

    def _save(
        self,
        computed: ComputedBatch,
        unique: Distinct,
        journal: Journal,
        table: ResponseTable,
        size: int,
    ) -> None:
        """Add the outputs of a batch to the journal and to the table."""
        rows, sizes = computed.rows, (size, computed.step)
        keys = unique.keys[rows]
        batch, transient = _split_failures(keys, computed.outputs)
        if not transient:
            journal.add(keys, batch, sizes)
        elif len(batch.keys) and not table.all_or_nothing:
            journal.add(as_keys([batch.keys.data, *batch.failures]), batch, sizes)
        table.add(rows, unique.keys, batch._replace(failures=batch.failures | transient))
        self.computed += len(batch.keys)
        self.audio_seconds += computed.audio_seconds
        tokens = self.usage.computed.plus(table.generated(rows))
        self.usage = self.usage._replace(computed=tokens)
        if self.price is not None and (cost := tokens.cost(self.price)) is not None:
            self.progress.report_cost(cost)
        self.progress.advance(len(rows))


def _load_stored(table: ResponseTable, rows: Places, keys: Keys, journal: Journal) -> Places:
    """Copy a batch's outputs from the journal to the table; return the rows without an output."""
    stored = journal.get(keys[rows])
    if stored is None and not table.all_or_nothing:
        # Generation is costly: outputs of a batch in which another item failed are used, too.
        stored = journal.part(keys[rows])
    return rows if stored is None else table.add(rows, keys, stored)


def _split_failures(keys: Keys, rows: Sequence[StoredRow]) -> tuple[JournalBatch, dict[bytes, str]]:
    """Return the outputs and permanent failures of a batch, and its transient failures by key.

    A transient failure, such as a missing file, may not recur in the next run.
    """
    if isinstance(rows, RowBlock):
        return JournalBatch(keys, rows, {}), {}
    failed = {bytes(keys[at]): e for at, e in enumerate(rows) if isinstance(e, SampleError)}
    permanent = {k: str(e) for k, e in failed.items() if isinstance(e, ContentError)}
    transient = {k: str(e) for k, e in failed.items() if k not in permanent}
    answered = [at for at, row in enumerate(rows) if not isinstance(row, SampleError)]
    answers = [row for row in rows if not isinstance(row, SampleError)]
    return JournalBatch(keys[answered], answers, permanent), transient


def _journal_name(requests: Requests) -> str:
    """Return the name of the journal folder for the method, modality and options of requests.

    For audio and video, the name contains the version of the decoding rules.
    """
    name = _request_name(requests)
    return f"{name}-decoding{DECODING}" if any(map(is_timed, requests.contents)) else name


def _request_name(requests: Requests) -> str:
    if requests.method in ("embed", "embed_joint"):
        text = requests.instruction
        asked = f"-{digest('instruction', text).hex()[:16]}" if text else ""
        kind = requests.modality if requests.method == "embed" else requests.method
        return f"{kind}-{requests.role}{asked}"
    if requests.method == "write":
        return f"write-{digest(msgspec.json.encode(requests.options)).hex()[:16]}"
    if requests.method == "detect":
        return f"detect-{digest(msgspec.json.encode(list(requests.labels))).hex()[:16]}"
    return f"{requests.method}-{requests.modality}"
