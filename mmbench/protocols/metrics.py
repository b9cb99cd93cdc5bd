"""The interface of metrics: a function of predictions, with a declaration.

@mmbench.register("metric", "all_within@k")
@mmbench.declare(unit="fraction", better="higher", worst=0, best=1, kinds={"retrieval"})
def all_within(predictions, k): ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from mmbench.types import FeatureRequest, Prediction, Ranking, Score

Better = Literal["higher", "lower"]
RankingOrder = Callable[..., Ranking]  # takes a ranking and the argument of the metric


class MetricInfo(Struct, frozen=True):
    """The declaration of a metric, which mmbench reads before it runs the metric.

    - `unit`: a plain word such as "fraction", "" if unknown
    - `better`: "higher" or "lower" for the better values; None if only the Score has direction and
      range
    - `worst`, `best`: the ends of the range, None for an open end
    - `kinds`: the task kinds that the metric can measure, empty for all kinds
    - `needs`: the programs and packages that the metric requires
    - `slow`: `mmbench check` tries the metric on a few samples only; it must therefore have a
      value for any predictions
    - `wants`: a request for features of another model, which the metric gets as `features=`
    - `extremes`: two functions that return the worst and the best order of a ranking with failed
      documents, for metrics where the general orders give bounds that are too wide
    - `sums_directions`: a task with two directions has one score, the sum over both
    - `lenient`: a text that lists several answers counts as correct if one of them is, by the rules
      of a benchmark; `mmbench selftest` then expects the baseline `hedge` to score
    - `check_argument`, `check_options`: functions that reject an invalid argument (a string) or
      invalid options, if the registered name and the signature do not say what is valid
    """

    unit: str = ""
    better: Better | None = None
    worst: float | None = None
    best: float | None = None
    kinds: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    slow: bool = False
    wants: FeatureRequest | None = None
    extremes: tuple[RankingOrder, RankingOrder] | None = None
    sums_directions: bool = False
    lenient: bool = False
    check_argument: Callable[[str], None] | None = None
    check_options: Callable[[str, Mapping[str, object]], None] | None = None


class Metric(Protocol):
    """A function of predictions, and of an argument if its name has one: 10 in `recall@10`.

    It returns a Score with one row per prediction, or one row for all predictions. `declare` sets
    the attribute `info`; a function without this attribute measures predictions of any kind and has
    no unit.
    """

    def __call__(
        self, predictions: Sequence[Prediction], /, *argument: Any, **keywords: Any
    ) -> Score:
        """Measure predictions that have not failed.

        `keywords` are `features` for a metric that requests features, and `options` for a metric
        with options. Raises SampleError for a prediction that the metric cannot measure, and
        Missing if a program, a package or a file is not available.
        """
        ...
