"""The interface of metrics: a function of predictions, and a declaration of what it measures.

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
Order = Callable[..., Ranking]  # of a ranking and the argument of the metric


class MetricInfo(Struct, frozen=True):
    """The declaration of a metric, which is read before the metric runs.

    - `unit`: a plain word such as "fraction", empty where unknown
    - `better`: None where only the Score knows its direction and its range
    - `worst`, `best`: the ends of the range, None where there is none
    - `kinds`: the kinds of tasks whose predictions it measures, empty for any
    - `needs`: programs and packages that it cannot run without
    - `slow`: `mmbench check` tries it on a few samples only, as it has a value for any predictions
    - `wants`: the request for features of another model, which it gets as `features=`
    - `extremes`: the worst and the best order of a ranking whose documents failed, where those for
      any metric give bounds that are too wide
    - `sums_directions`: a task with two directions has one score, the sum over both
    - `check_argument`, `check_options`: refuse an argument, as text, and options for it, that the
      form of a name and a signature cannot tell
    """

    unit: str = ""
    better: Better | None = None
    worst: float | None = None
    best: float | None = None
    kinds: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    slow: bool = False
    wants: FeatureRequest | None = None
    extremes: tuple[Order, Order] | None = None
    sums_directions: bool = False
    check_argument: Callable[[str], None] | None = None
    check_options: Callable[[str, Mapping[str, object]], None] | None = None


class Metric(Protocol):
    """A function of predictions, and of its argument where its name takes one: 10 of `recall@10`.

    It returns a Score with one row per prediction, or one row for the whole set. `declare` gives it
    the attribute `info`; a function without it is a metric of predictions of any kind, without a
    unit.
    """

    def __call__(
        self, predictions: Sequence[Prediction], /, *argument: Any, **keywords: Any
    ) -> Score:
        """Measure predictions, none of which failed.

        `keywords` are `features` of another model for a metric that wants some, and `options` for
        one that takes those of a task. Raises SampleError for a prediction that it cannot take, and
        Missing where a program, a package or a file is not there.
        """
        ...
