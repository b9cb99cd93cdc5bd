"""Planned batches on their way through workers that may die.

A worker may die because of a sample (memory, a crash in a C library) or by chance. A batch that was
on three workers that died is split, and so are its halves after one more death. A sample that is
alone in its batch fails after two deaths. From the second try on, a batch has its worker to itself,
so that it is not blamed for others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mmbench.columns import Places
from mmbench.engine.dispatch import StoredRow
from mmbench.engine.workers.shipping import folder_of
from mmbench.errors import SampleError
from mmbench.types import Item, Media

_DEATHS_OF_WHOLE, _DEATHS_OF_PART, _DEATHS_ALONE = 3, 1, 2
MOST_ERRORS = 2  # a batch that raises an error on so many workers ends the run


@dataclass(eq=False)
class PlannedBatch:
    """A batch of the plan, and its outputs as they arrive."""

    rows: Places
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
    """A planned batch or a part of it that is computed by one worker.

    `items` have their media replaced by Shipped; `media` has the original media by digest, and
    `send` the digests of the media that the driver sends. `start` is the place of the first item in
    the planned batch. If `is_suspect` is true, the worker computes nothing else at the same time.
    """

    planned: PlannedBatch
    items: Sequence[Item]
    media: dict[bytes, Media]
    start: int = 0
    send: set[bytes] = field(default_factory=set)
    is_suspect: bool = False
    deaths: int = 0
    errors: int = 0

    def after_death(self, *, in_company: bool) -> list[Attempt]:
        """Return the attempts that follow the death of a worker; [] if the only sample fails.

        `in_company` says that the worker had other batches; then one of them may be the reason.
        """
        self.is_suspect = True
        is_alone = len(self.items) == 1
        self.deaths += not (is_alone and in_company)
        if self.deaths < self._deaths_allowed():
            return [self]
        if is_alone:
            return []
        self.planned.was_split = True
        half = len(self.items) // 2
        return [self._part(0, half), self._part(half, len(self.items))]

    def _deaths_allowed(self) -> int:
        if len(self.items) == 1:
            return _DEATHS_ALONE
        return _DEATHS_OF_PART if len(self.items) < len(self.planned.rows) else _DEATHS_OF_WHOLE

    def _part(self, start: int, end: int) -> Attempt:
        items = self.items[start:end]
        return Attempt(
            self.planned, items, self.media, self.start + start, self.send, is_suspect=True
        )

    def to_send(self, hidden: set[str]) -> set[bytes]:
        """Return the digests of media that the driver sends; `hidden` has folders of other files.

        The worker does not see the files in these folders, or said so of a single file.
        """
        return self.send | {
            content
            for content, medium in self.media.items()
            if (folder := folder_of(medium)) is None or folder in hidden
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
