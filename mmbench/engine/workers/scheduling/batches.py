"""Planned batches on their way through workers that may die.

A call of a worker computes one batch, or several batches that are quick. After the death of the
worker, each of them is computed in a call of its own.

A worker may die because of a sample (memory, a crash in a C library) or by chance. A batch that was
on three workers that died is split, and so are its halves after one more death. A sample that is
alone in its batch fails after two deaths. From the second try on, a batch has its worker to itself,
so that it is not blamed for others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from mmbench.columns import Places
from mmbench.engine.dispatch import StoredRow
from mmbench.engine.workers.shipping import folder_of
from mmbench.errors import SampleError
from mmbench.types import Item, Media

_DEATHS_OF_WHOLE, _DEATHS_OF_PART, _DEATHS_ALONE = 3, 1, 2
MOST_ERRORS = 2  # a batch that raises an error on so many workers ends the run


@dataclass(eq=False, slots=True)
class PlannedBatch:
    """A batch of the plan, and its outputs as they arrive.

    `media` has the media of its items by digest, as the driver reads them.
    """

    rows: Places
    media: dict[bytes, Media] = field(default_factory=dict)
    outputs: Sequence[StoredRow] = ()
    step: int = 0
    audio_seconds: float = 0.0
    was_split: bool = False
    _parts: dict[int, StoredRow] = field(default_factory=dict)

    def add(self, start: int, outputs: Sequence[StoredRow], step: int, seconds: float) -> bool:
        """Add the outputs of a part that begins at `start`; return whether all parts are there."""
        self.step = min(self.step or step, step)
        self.audio_seconds += seconds
        if len(outputs) == len(self.rows):
            self.outputs = outputs
            return True
        self._parts |= dict(enumerate(outputs, start))
        if len(self._parts) < len(self.rows):
            return False
        self.outputs = [self._parts[row] for row in range(len(self.rows))]
        return True


@dataclass(eq=False)
class Attempt:
    """Planned batches, or a part of one, that a worker computes in one call.

    `planned` has several batches only while no worker has died or raised an error; `items` are the
    items of all of them, in order, with their media replaced by Shipped. `send` has the digests of
    the media that the driver sends. `start` is the place of the first item in the planned batch of
    which this is a part. If `is_suspect` is true, the worker computes nothing else at the same
    time.
    """

    planned: Sequence[PlannedBatch]
    items: Sequence[Item]
    start: int = 0
    send: set[bytes] = field(default_factory=set)
    is_suspect: bool = False
    deaths: int = 0
    errors: int = 0

    @property
    def batches(self) -> int:
        """The number of planned batches."""
        return len(self.planned)

    @property
    def media(self) -> dict[bytes, Media]:
        """The media of the planned batches by digest."""
        return {content: one for batch in self.planned for content, one in batch.media.items()}

    def sizes(self) -> list[int]:
        """Return the number of items of each batch."""
        if len(self.planned) == 1:
            return [len(self.items)]  # of a part of a batch, perhaps
        return [len(batch.rows) for batch in self.planned]

    def one_by_one(self) -> list[Attempt]:
        """Return an attempt for each planned batch."""
        if len(self.planned) == 1:
            return [self]
        ends = accumulate((len(batch.rows) for batch in self.planned), initial=0)
        return [
            Attempt([batch], self.items[start:end])
            for batch, (start, end) in zip(self.planned, pairwise(ends), strict=True)
        ]

    def after_death(self, *, in_company: bool) -> list[Attempt]:
        """Return the attempts that follow the death of a worker; [] if the only sample fails.

        `in_company` says that the worker had other batches; then one of them may be the reason.
        """
        if len(self.planned) > 1:
            return [
                again for one in self.one_by_one() for again in one.after_death(in_company=True)
            ]
        self.is_suspect = True
        is_alone = len(self.items) == 1
        self.deaths += not (is_alone and in_company)
        if self.deaths < self._deaths_allowed():
            return [self]
        if is_alone:
            return []
        self.planned[0].was_split = True
        half = len(self.items) // 2
        return [self._part(0, half), self._part(half, len(self.items))]

    def _deaths_allowed(self) -> int:
        if len(self.items) == 1:
            return _DEATHS_ALONE
        return _DEATHS_OF_PART if len(self.items) < len(self.planned[0].rows) else _DEATHS_OF_WHOLE

    def _part(self, start: int, end: int) -> Attempt:
        items = self.items[start:end]
        return Attempt(self.planned, items, self.start + start, self.send, is_suspect=True)

    def to_send(self, hidden: set[str]) -> dict[bytes, Media]:
        """Return the media that the driver sends by digest; `hidden` has folders of other files.

        The worker does not see the files in these folders, or said so of a single file.
        """
        return {
            content: medium
            for content, medium in self.media.items()
            if content in self.send or (folder := folder_of(medium)) is None or folder in hidden
        }

    def hidden_folders(self, missing: Collection[bytes]) -> set[str]:
        """Return the folders of missing media in which the worker sees none of this batch."""
        folders = {content: folder_of(medium) for content, medium in self.media.items()}
        seen = {folder for content, folder in folders.items() if content not in missing}
        lacking = {folders[content] for content in missing}
        return {folder for folder in lacking - seen if folder is not None}

    def fails_after_error(self) -> bool:
        """Count an error; return whether the batch raised errors on enough workers to give up."""
        self.is_suspect = True
        self.errors += 1
        return self.errors >= MOST_ERRORS

    def failure(self) -> Sequence[StoredRow]:
        """Return the output of a sample on which workers died."""
        return [SampleError(f"{_DEATHS_ALONE} workers died while they computed this sample alone")]
