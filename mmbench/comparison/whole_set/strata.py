"""Strata of an estimate: values of a tag, whose shares of the whole set need no forward pass.

The draws stay a simple random sample of groups. The shares of the values among the drawn samples
are calibrated to those of the whole set (post-stratification), as controls of `estimate_whole`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import ABSENT, column, entries, names_in, take_rows
from mmbench.engine.loading.prepare import PreparedRun
from mmbench.errors import UnknownName
from mmbench.protocols import Divisible
from mmbench.stats.survey import Control, DrawnRows
from mmbench.text import count, listed

# Drawn groups in a stratum. With fewer, its mean is noise, and the interval does not say so.
FEWEST = 10


class Strata(NamedTuple):
    """The names of the tags that make strata, and the tags of all test samples."""

    names: tuple[str, ...]
    tags: Sequence[Mapping[str, str]]

    def sizes(self, name: str, within: str = "") -> Counter[str]:
        """Return the number of samples with each value of a tag; "" stands for no value.

        With `within`, count only the samples that have a value of this other tag.
        """
        values = _values(self.tags, name)
        if not within:
            return Counter(values)
        inside = _values(self.tags, within)
        return Counter(value for value, one in zip(values, inside, strict=True) if one)


class StratumControls(NamedTuple):
    """The controls of the strata of one tag, and a note on the values that have no own stratum."""

    controls: list[Control]
    note: str


def find_strata(names: Sequence[str], prepared: PreparedRun) -> Strata:
    """Return the strata of a run on a part of the samples.

    Raises UnknownName for a tag that no test sample has.
    """
    data = prepared.whole
    assert isinstance(data, Divisible)  # the run is on a part of it
    samples = next(iter(data.by_role().values()))
    tags = take_rows(column(samples, "tags"), data.test_rows())
    known = [one for one in names_in(tags) if any(_values(tags, one))]
    for name in names:
        if name not in known:
            raise UnknownName("tag in --strata", name, known)
    return Strata(tuple(dict.fromkeys(names)), tags)


def stratum_controls(
    name: str,
    drawn: Sequence[str],
    sizes: Mapping[str, int],
    group: NDArray[np.intp],
    most: int,
) -> StratumControls:
    """Return the share of each stratum but the last one as controls.

    `drawn` [n] are the values of the tag `name` on the drawn samples, `group` [n] the groups of
    these, from 0, and `sizes` the number of samples with each value in the whole set. There are at
    most `most` strata. Values in fewer than `FEWEST` drawn groups are one stratum, together with
    the next values until it has as many groups.
    """
    values = sorted({*drawn, *sizes})
    number = {value: at for at, value in enumerate(values)}
    code = np.array([number[value] for value in drawn], np.intp)
    stratum = _pooled(code, group, len(values), most)
    strata = int(stratum.max()) + 1
    if strata == 1:
        return StratumControls([], f"no strata by {name}: its values are in too few drawn groups")
    whole = np.bincount(stratum, [sizes.get(value, 0) for value in values], strata)
    shares = (whole / whole.sum()).tolist()
    controls = [
        Control(DrawnRows("mean", (stratum[code] == at)[:, None].astype(float), group), shares[at])
        for at in range(strata - 1)
    ]
    rare = [value or "(none)" for value, at in zip(values, stratum, strict=True) if not at]
    note = f"{count(len(rare), 'value')} of {name} in one stratum: {listed(rare, 3)}"
    return StratumControls(controls, note if len(rare) > 1 else "")


def _pooled(
    code: NDArray[np.intp], group: NDArray[np.intp], values: int, most: int
) -> NDArray[np.intp]:
    """Return the stratum [v] of each value, from 0; pooled values are in stratum 0.

    `code` [n] and `group` [n] are the value and the group of each drawn sample.
    """
    pairs = np.unique(np.column_stack([code, group]), axis=0)
    groups = np.bincount(pairs[:, 0], minlength=values)
    order = np.argsort(groups, kind="stable")
    pool = max(int((groups < FEWEST).sum()), values - most + 1 if values > most else 0)
    while 0 < pool < values and _groups_with(order[:pool], pairs) < FEWEST:
        pool += 1
    stratum = np.zeros(values, np.intp)
    stratum[order[pool:]] = np.arange(values - pool) + (pool > 0)
    return stratum


def _groups_with(values: NDArray[np.intp], pairs: NDArray[np.intp]) -> int:
    """Return the number of groups that have any of these values, from pairs of value and group."""
    return len(np.unique(pairs[np.isin(pairs[:, 0], values), 1]))


def _values(tags: Sequence[Mapping[str, str]], name: str) -> list[str]:
    return [value if value and value is not ABSENT else "" for value in entries(tags, name)]
