"""Tests of properties that every task must have; the correct results are known.

The oracle has the best scores. Baselines that ignore the input score no better than chance. Scores
depend neither on the order of the samples nor on batches or shards. A corrupt sample is counted as
failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from mmbench import metric_names
from mmbench.engine.context import run_context
from mmbench.engine.loading.data.datasets import load_data, refuse_broken
from mmbench.engine.loading.data.examples import with_example_data
from mmbench.engine.loading.data.perturbed import with_perturbation
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.scoring.estimates import MeasuredDirection, estimates
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.errors import DataError, Missing
from mmbench.protocols import Dataset, Kind
from mmbench.selftest.example_data import make_example_data
from mmbench.selftest.probe import Check, check_batches, check_corrupt_sample
from mmbench.text import count
from mmbench.text.number_format import format_number
from mmbench.types import Directions, Predictions, TaskSpec

_GENERATED = "generated data"
_MOST = 200  # largest number of samples of a task's own data
_PERMUTED = 20  # random pairings of predictions and targets, to estimate chance
_NOISE = 4  # standard deviations by which a baseline may exceed the mean of random pairings
_EQUAL = 1e-9  # tolerance: sums in another order differ in their last digits


class _Bench(NamedTuple):
    """A task with its kind, data for its baselines, and the metrics that can be computed.

    Other metrics need a package or a model that this machine does not have.
    """

    spec: TaskSpec
    kind: Kind[Dataset]
    data: Dataset
    feature_extractor: FeatureExtractor
    metrics: list[str]

    def score_metrics(self, directions: Directions) -> dict[str, MeasuredDirection]:
        options = self.spec.metric_options
        scored_metrics, _ = estimates(self.metrics, directions, self.feature_extractor, options)
        return {scored.name: scored for scored in scored_metrics}

    def baseline(self, name: str, data: Dataset) -> dict[str, MeasuredDirection]:
        return self.score_metrics(self.kind.baseline(name, data, 0).directions)


def selftest(task: str, options: RunSettings | None = None) -> list[Check]:
    """Run all checks of a task.

    The task's own data are used if they are found on this machine, else generated data. Raises
    UserError for a task that cannot be loaded.
    """
    with run_context(options) as context:
        spec, kind = find_task(task, context.options)
        data, origin = _data(spec, context.options)
        bench = _Bench(spec, kind, data, FeatureExtractor(context), spec.metrics)
        metrics, skipped = _measurable(bench)
        bench = bench._replace(metrics=metrics)
        checks = [Check("data", True, origin), *skipped]
        is_example = origin == _GENERATED
        if metrics:
            checks += [
                *_oracle(bench, is_example=is_example),
                *_chance(bench),
                _order(bench),
            ]
        with TemporaryDirectory() as folder:
            checks += [*check_batches(kind, data, context.keys, folder)]
            try:
                checks += [*check_corrupt_sample(spec, kind, data, context.keys, folder)]
            except Missing as error:  # a package that the kind needs for its predictions
                checks.append(Check("a corrupt sample is counted as failed", None, str(error)))
    return checks


def _data(spec: TaskSpec, options: RunSettings) -> tuple[Dataset, str]:
    try:
        data = with_example_data(spec, load_data(spec, options.data, hub=False), options.data)
        refuse_broken(spec, data)
        return with_perturbation(spec, data.limit(_MOST)), "the data of the task"
    except DataError:
        if options.data is not None:
            raise
    return make_example_data(spec), _GENERATED


def _measurable(bench: _Bench) -> tuple[list[str], list[Check]]:
    """Return the metrics that can be computed on this machine.

    The second result has a skipped check for each other metric.
    """
    directions = bench.kind.baseline("oracle", bench.data, 0).directions
    metrics, skipped = [], []
    for name in bench.metrics:
        try:
            estimates([name], directions, bench.feature_extractor, bench.spec.metric_options)
            metrics.append(name)
        except Missing as error:
            skipped.append(Check(f"metric {name}", None, str(error)))
    return metrics, skipped


def _oracle(bench: _Bench, *, is_example: bool) -> Iterator[Check]:
    """Check that no baseline is better than the oracle, in all metrics that declare a range.

    On generated data, the oracle must also reach the best value of the headline metric, if the
    metric declares a best value.
    """
    best = bench.baseline("oracle", bench.data)
    others = [bench.baseline(name, bench.data) for name in _others(bench)]
    for name, scored in best.items():
        ends = scored.score.worst, scored.score.best
        if ends == (None, None) or scored.score.value != scored.score.value:
            continue
        values = [other[name].score.value for other in others]
        beaten = [value for value in values if _better(value, scored) > _EQUAL]
        detail = format_number(scored.score.value)
        yield Check(f"the oracle is best in {name}", not beaten, detail)
        if is_example and name.startswith(bench.spec.headline) and ends[1] is not None:
            reached = abs(scored.score.value - ends[1]) <= 1e-6
            yield Check(f"the oracle reaches the best {name}", reached, f"{detail} of {ends[1]}")


def _others(bench: _Bench) -> list[str]:
    return [name for name in bench.kind.baselines if name != "oracle"]


def _better(value: float, scored: MeasuredDirection) -> float:
    """Return by how much a value is better than a score; negative if it is worse."""
    gain = value - scored.score.value
    return gain if scored.score.better == "higher" else -gain


def _chance(bench: _Bench) -> Iterator[Check]:
    """Check that baselines that ignore the input score no better than chance.

    Chance is the score of the same baseline with randomly permuted targets. The baseline `hedge`
    must score no better than the better one of `constant` and `random`.
    """
    random = [bench.data.permuted(seed) for seed in range(_PERMUTED)]
    if random[0] == bench.data:  # nothing to permute: sets of images have no pairs
        return
    baselines = {name: bench.baseline(name, bench.data) for name in _others(bench)}
    for name, scores in baselines.items():
        answers = bench.kind.baseline(name, bench.data, 0)
        levels = [bench.score_metrics(_pair_anew(bench, name, answers, data)) for data in random]
        lucky = [n for n, s in scores.items() if _above(s, [level[n] for level in levels])]
        detail = ", ".join(lucky) or count(len(scores), "score")
        yield Check(f"baseline {name} scores no better than chance", not lucky, detail)
    if "hedge" in baselines and {"constant", "random"} & baselines.keys():
        yield _hedge(baselines)


def _pair_anew(bench: _Bench, name: str, answers: Predictions, data: Dataset) -> Directions:
    """Pair the predictions `answers` of the baseline `name` with the samples of permuted data.

    For retrieval, the baseline is instead run again on the permuted `data`, since rankings depend
    on the whole corpus.
    """
    if len(data.shards()) == 1:
        return bench.kind.baseline(name, data, 0).directions
    queries = next(iter(data.by_role().values()))
    new_samples = {s.id: {"inputs": s.inputs, "target": s.target} for s in queries}
    return answers.mapped(lambda p: msgspec.structs.replace(p, **new_samples[p.id])).directions


def _above(scored: MeasuredDirection, levels: list[MeasuredDirection]) -> bool:
    if scored.score.worst is None and scored.score.best is None:
        return False
    gains = [_better(scored.score.value, level) for level in levels]
    gains = [gain for gain in gains if gain == gain]
    return bool(gains) and fmean(gains) > _NOISE * stdev(gains) + 0.02


# A long output lowers one part of an error rate and raises another one; only their sum is checked.
_PARTS = ("substitution_rate[", "deletion_rate[", "insertion_rate[")


def _hedge(baselines: dict[str, dict[str, MeasuredDirection]]) -> Check:
    hedged = baselines["hedge"]
    lucky = [
        name
        for name, scored in hedged.items()
        if (scored.score.worst, scored.score.best) != (None, None)
        and not name.startswith(_PARTS)
        and not metric_names.metric_info(scored.metric).lenient
        and all(
            _better(baselines[baseline][name].score.value, scored) < -0.02
            for baseline in ("constant", "random")
            if baseline in baselines
        )
    ]
    detail = ", ".join(lucky) or count(len(hedged), "score")
    return Check("baseline hedge scores no better than constant and random", not lucky, detail)


def _order(bench: _Bench) -> Check:
    baseline = "random" if "random" in bench.kind.baselines else "oracle"
    first = bench.baseline(baseline, bench.data)
    again = bench.baseline(baseline, bench.data.shuffled(0))
    moved = [n for n, s in first.items() if not _same(s.score.value, again[n].score.value)]
    detail = ", ".join(moved) or baseline
    return Check("scores do not depend on the order of the samples", not moved, detail)


def _same(one: float, other: float) -> bool:
    if one != one or other != other:
        return one != one and other != other
    return abs(one - other) <= _EQUAL * max(1.0, abs(one))
