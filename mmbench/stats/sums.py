"""Sums of rows by group, from which one matrix product computes a fold under many weightings.

A bootstrap or a permutation test gives weights to groups, not to single rows. So the rows of a
group are added up once for a fold of weighted sums, and for the mean or the sum of such a fold over
splits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import sort_names
from mmbench.stats.folds import Floats, join_splits, sums_fold

Ints = NDArray[np.intp]
Groups = Sequence[str] | Ints  # the group of each row: its name, or its number from 0

_WIDEST = 256  # columns; with more splits, a fold row by row is faster and needs less memory
CHUNK = 1 << 22  # numbers in a block of weights, to limit memory


class GroupSums(NamedTuple):
    """The sums of rows by group, and the fold that is computed from them.

    `table` [g, k] has the column sums of each group; its last column is the number of rows of the
    group. `fold` maps totals [b, k], under b weightings of the groups, to values [b].
    """

    table: Floats
    fold: Callable[[Floats], Floats]


def group_sums(name: str, rows: Floats, code: Ints, groups: int) -> GroupSums | None:
    """Add up rows [n, c] by group; `code` [n] is the group of each row, from 0 to `groups` - 1.

    Return None if the fold called `name` needs the rows one by one. Raises UnknownName for an
    unknown fold.
    """
    kind, colon, inner = name.partition(":")
    if colon:
        return _split_sums(kind, inner, rows, code, groups)
    by_sums = sums_fold(name)
    if by_sums is None:
        return None
    columns = [np.bincount(code, column, groups) for column in rows.T]
    table = np.column_stack([*columns, np.bincount(code, minlength=groups)])
    return GroupSums(table, lambda totals: by_sums(totals[:, :-1], totals[:, -1]))


def _split_sums(kind: str, inner: str, rows: Floats, code: Ints, groups: int) -> GroupSums | None:
    splits = np.unique(rows[:, -1])
    if not 0 < len(splits) * rows.shape[1] <= _WIDEST:
        return None
    parts = []
    for split in splits:
        inside = rows[:, -1] == split
        part = group_sums(inner, rows[inside, :-1], code[inside], groups)
        if part is None:
            return None
        parts.append(part)
    tables = [part.table for part in parts]
    n = np.sum([table[:, -1] for table in tables], axis=0)
    return GroupSums(
        np.column_stack([*tables, n]), lambda totals: _join_totals(kind, parts, totals)
    )


def _join_totals(kind: str, parts: Sequence[GroupSums], totals: Floats) -> Floats:
    """Return the values [b] of a fold over splits, from the totals of all splits.

    `totals` [b, k] are the totals of the splits side by side; the last column is the total number
    of rows.
    """
    ends = np.cumsum([part.table.shape[1] for part in parts])
    split_sums = np.split(totals[:, :-1], ends[:-1], axis=1)
    present = np.array([column_sums[:, -1] > 0 for column_sums in split_sums])
    by_split = np.array(
        [part.fold(column_sums) for part, column_sums in zip(parts, split_sums, strict=True)]
    )
    return join_splits(kind, by_split, present)


def codes(groups: Groups) -> tuple[Ints, int]:
    """Return the group number of each row [n], and the number of groups.

    Groups are numbered in the order of their names or numbers. So the draws do not depend on the
    order of the samples.
    """
    if isinstance(groups, np.ndarray):
        present = np.bincount(groups) > 0
        return (np.cumsum(present) - 1)[groups], int(present.sum())
    order, first = sort_names(groups)
    code = np.empty(len(order), np.intp)
    code[order] = np.cumsum(first) - 1
    return code, int(first.sum())
