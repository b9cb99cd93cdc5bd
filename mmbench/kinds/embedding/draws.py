"""Draws of a few training samples per class, as in mteb.

Source: `AbsTaskClassification._undersample_data` of embeddings-benchmark/mteb 2.26.24. For each
experiment, the list of all training samples is shuffled by a new `RandomState(42)`, starting from
the order of the experiment before, and the first N samples of each class are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from mmbench.types import InvalidContent

SEED = 42


def draw_training_samples(
    targets: Sequence[int | list[int]], per_class: int, repeats: int
) -> Iterator[list[int]]:
    """Yield the rows of the drawn samples for each of `repeats` draws, in the order of the draw.

    `targets` has the class or the classes of each training sample. A sample is taken if it has a
    class of which fewer than `per_class` samples are taken. A class with fewer samples gives all of
    them.
    """
    order = list(range(len(targets)))
    for _ in range(repeats):
        np.random.RandomState(SEED).shuffle(order)
        yield _first_of_each_class(order, targets, per_class)


def _first_of_each_class(
    order: Sequence[int], targets: Sequence[int | list[int]], per_class: int
) -> list[int]:
    taken: Counter[int] = Counter()
    rows = []
    for row in order:
        classes = classes_of(targets[row])
        if any(taken[one] < per_class for one in classes):
            rows.append(row)
            taken.update(classes)
    return rows


def classes_of(target: int | list[int] | InvalidContent) -> list[int]:
    """Return the class, or the classes, of a target as a list; [] for an invalid target."""
    if isinstance(target, InvalidContent):
        return []
    return target if isinstance(target, list) else [int(target)]
