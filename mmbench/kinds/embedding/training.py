"""The training samples of a probe: their labels, the draws, and the embeddings of each draw."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, cast

import numpy as np

from mmbench.columns import column, rows_of_type
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.embedding.draws import classes_of, draw_training_samples
from mmbench.kinds.embedding.options import ALL, ProbeOptions
from mmbench.text import count, listed
from mmbench.types import InvalidContent


class Draw(NamedTuple):
    """The rows of the training samples that one classifier is fitted to, and its score's name.

    `direction` is "" if the task has a single number of samples per class.
    """

    direction: str
    rows: list[int]


class TrainingSamples:
    """The training samples of a task, which are the `examples` of its data."""

    def __init__(self, data: Samples, options: ProbeOptions) -> None:
        self._data, self._options = data, options
        self.targets = cast("Sequence[int | list[int]]", column(data.examples, "target"))

    @property
    def several(self) -> bool:
        """Whether a sample may have several labels."""
        return bool(rows_of_type(self.targets, list))

    @cached_property
    def draws(self) -> list[Draw]:
        """The draws of all numbers of samples per class, in their order."""
        usable = self._usable()
        targets = [self.targets[row] for row in usable]
        draws = []
        for shots, name in zip(
            self._options.shots or [ALL], directions(self._options), strict=True
        ):
            if shots == ALL:
                draws.append(Draw(name, usable))
                continue
            drawn = draw_training_samples(targets, int(shots), self._options.repeats)
            draws += [Draw(name, [usable[at] for at in rows]) for rows in drawn]
        return draws

    @cached_property
    def used(self) -> list[int]:
        """The rows of the samples that occur in a draw, ascending: those that a model embeds."""
        return sorted(set().union(*(draw.rows for draw in self.draws)))

    def notes(self) -> list[str]:
        """Return notes on classes without training samples, and with fewer than the task draws."""
        numbers = [shots for shots in self._options.shots if isinstance(shots, int)]
        wanted = max(numbers, default=0)
        sizes = np.bincount(
            [one for target in self.targets for one in classes_of(target)],
            minlength=len(self._data.labels),
        )
        notes = []
        tested = {
            one for target in column(self._data.samples, "target") for one in classes_of(target)
        }
        if none := [
            name for at, name in enumerate(self._data.labels) if at in tested and not sizes[at]
        ]:
            notes.append(f"{count(len(none), 'class')} without training samples: {listed(none)}")
        short = [self._data.labels[at] for at in np.flatnonzero((sizes > 0) & (sizes < wanted))]
        if short:
            notes.append(
                f"{count(len(short), 'class')} with fewer than {wanted} training samples, which"
                f" are all used: {listed(short)}"
            )
        return notes

    def check(self, task: str) -> None:
        """Raise DataError if there are no training samples, or none of two classes."""
        if not len(self._data.examples):
            raise DataError(
                f"task {task}: no training samples; name them in the task file, e.g."
                " train_data: {split: train}"
            )
        classes = {one for target in self.targets for one in classes_of(target)}
        if len(classes) < 2:
            names = listed(self._data.labels[at] for at in sorted(classes)) or "none"
            raise DataError(
                f"task {task}: a probe needs training samples of two classes or more; there are"
                f" only those of {names}"
            )

    def _usable(self) -> list[int]:
        """Return the rows of the samples with a valid reference."""
        broken = set(rows_of_type(self.targets, InvalidContent))
        return [row for row in range(len(self.targets)) if row not in broken]


def directions(options: ProbeOptions) -> list[str]:
    """Return the name of the score of each number of training samples: "4-shot", "all".

    A single number has the name "".
    """
    if len(options.shots) < 2:
        return [""]
    return [ALL if shots == ALL else f"{shots}-shot" for shots in options.shots]
