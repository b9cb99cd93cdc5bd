"""Replacement of the samples, the stages and the aggregation of a run by those of another result.

The order is fixed, and it matters where causes interact: the points of a cause are its effect after
all earlier stages have been replaced.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmbench.columns import ABSENT
from mmbench.comparison.explain.aggregation import AggregatedSamples, aggregation
from mmbench.comparison.explain.counterparts import Counterpart, with_their_scores
from mmbench.comparison.explain.explanation import CAUSES, Divergence, Explanation, SampleView
from mmbench.comparison.explain.replacement import Chain, divergence, our_view
from mmbench.comparison.explain.rescoring import Measured, Placed, Rescorer
from mmbench.comparison.explain.results import OurResult, TheirResult
from mmbench.comparison.explain.stages import Stages
from mmbench.comparison.explain.their_scores import ScoreChoice
from mmbench.errors import DataError
from mmbench.text import count


class Explainer:
    """The replacement of our samples, their stages and our aggregation by those of theirs."""

    def __init__(
        self,
        ours: OurResult,
        theirs: TheirResult,
        pairs: Sequence[Counterpart],
        choice: ScoreChoice,
    ) -> None:
        self.ours, self.theirs, self.pairs, self.choice = ours, theirs, pairs, choice
        self.scored = any(p.score is not None or p.sample.metric_row is not None for p in pairs)
        self.scorer = Rescorer(ours.parts, ours.options)
        self.common = [pair for pair in pairs if self._in_both(pair)]
        if not self.common:
            raise DataError(f"{theirs.name}: no sample has an output in both results")
        self.chain = Chain(ours, self.common, self.scorer)
        if math.isnan(self.chain.measured.value):
            raise DataError(
                f"{theirs.name}: {ours.name} has no value on the samples of both results"
            )
        alone = any(self._counted(pair) for pair in pairs if not self._in_both(pair))
        stated = None if alone else choice.stated
        self.stages = Stages(ours, self.common, self.chain, stated)

    def explanation(self, method: str) -> Explanation:
        """Replace every stage and return the result."""
        self._leave_out_our_samples()
        self.stages.replace_all(self.choice.name)
        value = self._aggregate(*self._add_their_samples())
        unmatched = [pair.sample.id for pair in self.pairs if pair.place is None]
        record = self.ours.record
        return Explanation(
            run=record.run,
            other=self.theirs.name,
            source=self.theirs.source,
            task=record.task.name,
            metric=self.ours.name,
            their_metric=self.choice.name,
            better=record.scores[self.ours.name].better,
            ours=self.ours.value,
            theirs=value,
            stated=self.choice.stated,
            matched=len(self.pairs) - len(unmatched),
            matched_by=method,
            steps=self.chain.steps,
            absent=self.stages.absent | self.chain.undefined,
            divergences=sorted(self.chain.divergences, key=lambda d: CAUSES.index(d.cause)),
            unmatched=unmatched,
            notes=[*self.theirs.notes, *self.stages.notes],
        )

    def _counted(self, pair: Counterpart) -> bool:
        """Return whether their value includes a sample."""
        if self.scored:
            return pair.score is not None or pair.sample.metric_row is not None
        return pair.final is not ABSENT and not pair.sample.error

    def _in_both(self, pair: Counterpart) -> bool:
        failed = pair.place is None or pair.item.prediction.error or pair.sample.error
        return not failed and self._counted(pair)

    def _leave_out_our_samples(self) -> None:
        """Leave out the samples that only our result scored."""
        own = [at for at, item in enumerate(self.ours.items) if not item.prediction.error]
        everything = self.scorer([self.ours.items[at] for at in own])
        before = everything.value
        if not math.isclose(before, self.ours.value, rel_tol=1e-9, abs_tol=1e-12):
            detail = "our value, computed again with this version of mmbench"
            self.chain.add("metric", detail, self.ours.value, before)
        else:
            before = self.ours.value
        shared = {pair.place for pair in self.common}
        alone = [at for at in own if at not in shared]
        if not alone:
            return
        by_place = {pair.place: pair for pair in self.pairs if pair.place is not None}
        detail = _samples(len(alone), sum(at in by_place for at in alone), "ours", "theirs")
        self.chain.add("samples", detail, before, self.chain.measured.value, len(alone))
        each = everything.each()
        scores = {at: None if each is None else float(each[n]) for n, at in enumerate(own)}
        self.chain.divergences += [
            self._only_ours(at, by_place.get(at), scores[at]) for at in alone
        ]

    def _only_ours(self, place: int, pair: Counterpart | None, score: float | None) -> Divergence:
        if pair is not None:
            return divergence(self.ours, pair, "samples", our_score=score)
        own = self.ours.items[place].prediction
        view = our_view(self.ours, place, own, score)
        return Divergence("samples", own.id, place, None, view, SampleView())

    def _add_their_samples(self) -> tuple[Measured, list[Counterpart]]:
        """Add the samples that only their result scored; return all of theirs and their value."""
        shared = {id(pair) for pair in self.common}
        others = [p for p in self.pairs if id(p) not in shared and self._counted(p)]
        usable = [pair for pair in others if pair.place is not None or pair.target is not ABSENT]
        if len(usable) < len(others):
            n = len(others) - len(usable)
            self.stages.notes.append(
                f"{count(n, 'sample')} of their result cannot be scored here: neither result has"
                " the reference"
            )
        if not usable:
            return self.chain.measured, self.common
        members = [*self.common, *usable]
        measured = self.chain.scorer([*self.chain.items(), *map(_whole, usable)])
        measured = with_their_scores(measured, members) or measured
        n_failed = sum(pair.place is not None for pair in usable)
        detail = _samples(len(usable), n_failed, "theirs", "one of the results")
        before = self.chain.measured.value
        self.chain.add("samples", detail, before, measured.value, len(usable))
        self.chain.divergences += [divergence(self.ours, p, "samples") for p in usable]
        return measured, members

    def _aggregate(self, measured: Measured, members: Sequence[Counterpart]) -> float:
        """Explain their aggregated score from their samples; return it as a fraction."""
        absent, stated = self.stages.absent, self.choice.stated
        if stated is None:
            origin = "scores per sample" if self.scored else "answers"
            absent["aggregation"] = (
                f"{self.stages.missing}; their value is computed from their {origin}"
            )
            return measured.value
        unscored = sum(not self._counted(pair) for pair in self.pairs) if self.scored else 0
        answered = [pair.final is not ABSENT and not pair.sample.error for pair in members]
        tags = [{**pair.item.prediction.tags, **pair.sample.tags} for pair in members]
        samples = AggregatedSamples(
            self.ours.parts, measured, tags, np.array(answered, np.bool_), unscored
        )
        result = aggregation(samples, stated, self.choice.scale)
        before = measured.value
        for detail, after in result.steps:
            self.chain.add("aggregation", detail, before, after)
            before = after
        if not result.explained:
            detail = "their aggregated score does not follow from their scores per sample"
            if "metric" in absent:
                detail = f"metric and aggregation together: {absent['metric']}"
            self.chain.add("unexplained", detail, before, result.value)
            absent["aggregation"] = "see unexplained"
            before = result.value
        return before


def _whole(pair: Counterpart) -> Placed:
    """Return their answer and reference as our metric scores them; a missing answer is empty."""
    value = "" if pair.final is ABSENT else pair.final
    return pair.prediction(value, pair.target)


def _samples(n: int, failed: int, scored: str, failed_in: str) -> str:
    also = f", of which {failed:,} failed in {failed_in}" if failed else ""
    return f"{count(n, 'sample')} scored only in {scored}{also}"
