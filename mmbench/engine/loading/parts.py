"""Parts of a data set: whole groups of test samples, drawn at random.

The groups are ordered by a hash of the seed and their names. The first groups of this order are a
simple random sample of the groups, without replacement, and a larger part contains a smaller one of
the same seed: outputs for the smaller part are in the journal. The order does not depend on the
order of the data.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmbench.columns import Places, column, take_rows
from mmbench.engine.context import RunContext
from mmbench.engine.identity import hash_data
from mmbench.engine.loading.prepare import PreparedRun
from mmbench.errors import SpecError, UserError
from mmbench.kinds.per_sample import hash_number
from mmbench.protocols import Dataset, Divisible, Kind, ScoresParts
from mmbench.types import PartInfo, TaskSpec

FEWEST = 30  # groups in a part; with 15, intervals of error rates cover 88 % instead of 95 %


class GroupOrder(NamedTuple):
    """The groups of the test samples of a data set, in random order.

    `rows` has the rows of each group among the samples of the first role. `seed` decides the order.
    """

    rows: list[Places]
    seed: int

    @property
    def samples(self) -> int:
        """The number of test samples."""
        return sum(map(len, self.rows))

    def groups_for(self, samples: int) -> int:
        """Return the number of groups that have about `samples` samples, at most all groups.

        The number depends on the mean size of a group alone. If groups were drawn until the number
        of samples is reached, large groups would be drawn too rarely.
        """
        return min(len(self.rows), max(1, round(samples * len(self.rows) / self.samples)))

    def first(self, groups: int, start: int = 0) -> Places:
        """Return the rows of the groups from number `start` to number `groups`, ascending."""
        return np.sort(np.concatenate(self.rows[start:groups]))


def order_groups(spec: TaskSpec, kind: Kind[Dataset], data: Dataset, seed: int) -> GroupOrder:
    """Return the groups of the test samples in random order.

    A sample without a group is a group of its own. Raises UserError if the task cannot be evaluated
    on a part of its data.
    """
    rows = _divisible(spec, kind, data).test_rows()
    samples = next(iter(data.by_role().values()))
    ids, groups = (take_rows(column(samples, name), rows) for name in ("id", "group"))
    by_name: dict[str, list[int]] = {}
    for row, ident, group in zip(rows.tolist(), ids, groups, strict=True):
        by_name.setdefault(group or ident, []).append(row)
    names = sorted(by_name, key=lambda name: (hash_number(seed, name), name))
    return GroupOrder([np.array(by_name[name], np.int64) for name in names], seed)


def _divisible(spec: TaskSpec, kind: Kind[Dataset], data: Dataset) -> Divisible:
    """Return the data as a type that can be divided. Raises UserError."""
    reason = "its kind does not declare `needs_all`; see `A kind` in docs/plugins.md"
    if isinstance(kind, ScoresParts):
        reason = kind.needs_all(data) or _joined(spec)
    if reason:
        raise SpecError(f"task {spec.name} cannot be evaluated on a part of its data: {reason}")
    if not isinstance(data, Divisible):
        raise UserError(f"task {spec.name}: its data cannot be divided; leave out --budget")
    return data


def _joined(spec: TaskSpec) -> str:
    joined = [name for name, options in spec.metric_options.items() if "recording" in options]
    return f"{joined[0]} joins the utterances of a recording" if joined else ""


def with_budget(prepared: PreparedRun, context: RunContext) -> PreparedRun:
    """Return a run on about `--budget` test samples; the whole run if there are not more.

    A baseline needs no forward pass, and runs on all samples.

    Raises UserError if the task cannot be evaluated on a part of its data, or if all samples are in
    one group.
    """
    budget, spec = context.options.budget, prepared.spec
    if budget is None or prepared.model is None:
        return prepared
    if context.options.limit is not None:
        raise UserError("--budget and --limit cannot be combined; leave one of them out")
    order = order_groups(spec, prepared.kind, prepared.data, context.options.seed)
    groups = order.groups_for(budget)
    if groups == len(order.rows):
        return prepared
    if groups < FEWEST:
        needed = -(-FEWEST * order.samples // len(order.rows))
        raise UserError(
            f"--budget {budget}: too few for an interval, which needs {FEWEST} groups of samples;"
            f" give {needed:,} or more"
        )
    return with_part(prepared, order, groups, context)


def with_part(
    prepared: PreparedRun,
    order: GroupOrder,
    groups: int,
    context: RunContext,
    *,
    start: int = 0,
    stopped: str = "",
) -> PreparedRun:
    """Return a run on the groups from number `start` to number `groups` of a random order.

    `prepared` is the run on the whole data, or on another part of them. To read the data in growing
    parts, run the new groups alone first (`start`): then only their outputs are computed. `stopped`
    says why the run ends here, for the record.
    """
    whole = prepared.whole or prepared.data
    assert isinstance(whole, Divisible)  # order_groups has checked it
    rows, seed = order.first(groups, start), context.options.seed
    data: Dataset = whole.part(rows)
    directions = prepared.kind.directions()
    known = prepared.part.data_hash if prepared.part else ""
    part = PartInfo(
        samples=len(rows),
        of=order.samples,
        groups=groups - start,
        of_groups=len(order.rows),
        seed=order.seed,
        data_hash=known or hash_data(prepared.spec, whole, directions, context.keys)[0],
        stopped=stopped,
    )
    requests = prepared.kind.requests(data, seed)
    return prepared._replace(data=data, requests=requests, whole=whole, part=part)
