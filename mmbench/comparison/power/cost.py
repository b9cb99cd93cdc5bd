"""The cost of a run on another number of samples, at the rate of an earlier run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from mmbench.comparison.power.result import Cost
from mmbench.types import RunRecord

# Stages that do not depend on the number of samples, and stages that the cache does not shorten.
_FIXED = frozenset({"prepare", "load"})
_UNCACHED = frozenset({"hash", "rank", "measure"})


class Rate(Struct, frozen=True):
    """What a run of all samples costs without cached outputs: fixed and variable seconds, tokens.

    The other fields are those of `Cost`, for all samples.
    """

    run: str
    fixed: float
    variable: float
    prompt: int | None
    completion: int | None
    money: float | None

    def cost(self, share: float) -> Cost:
        """Return the cost of `share` times the samples of the run; the share may exceed 1."""
        return Cost(
            seconds=self.fixed + share * self.variable,
            prompt=None if self.prompt is None else round(share * self.prompt),
            completion=None if self.completion is None else round(share * self.completion),
            money=None if self.money is None else share * self.money,
        )


def first_rate(records: Iterable[RunRecord], price: Sequence[float] | None) -> Rate | None:
    """Return the rate of the first run that computed outputs; None if there is no such run.

    `price` has the prices of a million prompt tokens and of a million completion tokens; without
    it, the cost is that of the record.
    """
    measured = (one for one in records if one.counts["computed"] and one.seconds)
    return next((_rate(one, price) for one in measured), None)


def _rate(record: RunRecord, price: Sequence[float] | None) -> Rate:
    scale = record.counts["requests"] / record.counts["computed"]
    fixed = sum(seconds for stage, seconds in record.seconds.items() if stage in _FIXED)
    variable = sum(
        seconds * (1 if stage in _UNCACHED else scale)
        for stage, seconds in record.seconds.items()
        if stage not in _FIXED
    )
    counts = record.tokens.get("all", {})
    prompt, completion = counts.get("prompt") or None, counts.get("completion") or None
    money = record.cost.get("all")
    if price is not None:
        known = prompt is not None or completion is not None
        money = ((prompt or 0) * price[0] + (completion or 0) * price[1]) / 1e6 if known else None
    return Rate(record.run, fixed, variable, prompt, completion, money)
