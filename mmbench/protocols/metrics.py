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
    """The declaration of a metric, which is read before the metric runs.

    - `unit`: a plain word such as "fraction", empty if unknown
    - `better`: None if only the Score has a direction and a range
    - `worst`, `best`: the ends of the range, None for an open end
    - `kinds`: the kinds of tasks that it measures, empty for any
    - `needs`: the programs and packages that it requires
    - `slow`: `mmbench check` tries it on a few samples only; any predictions give it a value
    - `wants`: the request for features of another model, which are passed as `features=`
    - `extremes`: the worst and the best order of a ranking with failed documents, for metrics where
      the general orders give bounds that are too wide
    - `sums_directions`: a task with two directions has one score, the sum of both
    - `check_argument`, `check_options`: functions that reject an argument (a text) and its options
      where the registered name and the signature do not say what is valid
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
    check_argument: Callable[[str], None] | None = None
    check_options: Callable[[str, Mapping[str, object]], None] | None = None


class Metric(Protocol):
    """A function of predictions, and of an argument if its name takes one: 10 in `recall@10`.

    It returns a Score with one row per prediction, or one row for the whole set. `declare` sets the
    attribute `info`; a function without it measures predictions of any kind and has no unit.
    """

    def __call__(
        self, predictions: Sequence[Prediction], /, *argument: Any, **keywords: Any
    ) -> Score:
        """Measure predictions without failures.

        `keywords` are `features` for a metric that requests them, and `options` for a metric with
        options. Raises SampleError for a prediction that it cannot measure, and Missing if a
        program, a package or a file is not available.
        """
        ...
