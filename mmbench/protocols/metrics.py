"""What a metric is: a function of predictions, and a declaration that is read before it runs.

@mmbench.register("metric", "all_within@k")
@mmbench.declare(unit="fraction", better="higher", worst=0, best=1, kinds={"retrieval"})
def all_within(predictions, k): ...
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec, Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from mmbench.errors import UserError
from mmbench.types import Prediction, Ranking, Score, Wants

P = ParamSpec("P")
Better = Literal["higher", "lower"]
Order = Callable[..., Ranking]  # of a ranking and the argument of the metric


class MetricInfo(Struct, frozen=True):
    """What is known of a metric before it runs.

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
    wants: Wants | None = None
    extremes: tuple[Order, Order] | None = None
    sums_directions: bool = False
    check_argument: Callable[[str], None] | None = None
    check_options: Callable[[str, Mapping[str, object]], None] | None = None


@runtime_checkable
class Metric(Protocol):
    """A function of predictions, and of its argument where its name takes one: 10 of `recall@10`.

    It returns a Score with one row per prediction. `info` is set by `declare`; a function without
    it is a metric of predictions of any kind, without a unit.
    """

    info: MetricInfo

    def __call__(self, predictions: Sequence[Prediction], *argument: Any, **features: Any) -> Score:
        """Measure predictions, none of which failed."""
        ...


def declare(
    *,
    unit: str = "",
    better: Better | None = None,
    worst: float | None = None,
    best: float | None = None,
    kinds: Collection[str] = (),
    needs: Collection[str] = (),
    slow: bool = False,
    wants: Wants | None = None,
    extremes: tuple[Order, Order] | None = None,
    sums_directions: bool = False,
    check_argument: Callable[[str], None] | None = None,
    check_options: Callable[[str, Mapping[str, object]], None] | None = None,
) -> Callable[[Callable[P, Score]], Callable[P, Score]]:
    """Declare what a metric is, as its attribute `info`: see `MetricInfo`.

    Its Scores get the declared direction and range. Raises UserError for a wrong declaration.
    """
    _check(unit, better, worst, best, wants)
    info = MetricInfo(
        unit=unit,
        better=better,
        worst=worst,
        best=best,
        kinds=frozenset(_names("kinds", kinds)),
        needs=tuple(_names("needs", needs)),
        slow=slow,
        wants=wants,
        extremes=extremes,
        sums_directions=sums_directions,
        check_argument=check_argument,
        check_options=check_options,
    )

    def put(function: Callable[P, Score]) -> Callable[P, Score]:
        function.__dict__["info"] = info  # also where `register` is below `declare`

        @wraps(function)
        def metric(*args: P.args, **kwargs: P.kwargs) -> Score:
            return with_range(function(*args, **kwargs), info)

        return metric

    return put


def with_range(score: Score, info: MetricInfo) -> Score:
    """Return a Score with the declared direction and range, if these are declared."""
    if info.better is None or not isinstance(score, Score):  # the engine refuses what is none
        return score
    return replace(score, better=info.better, worst=info.worst, best=info.best)


def _check(unit: object, better: object, worst: Any, best: Any, wants: object) -> None:
    """Raise UserError for a value that cannot be declared."""
    if not isinstance(unit, str):
        raise UserError(f"mmbench.declare: unit is {unit!r}: give a word, such as fraction")
    if better not in (None, "higher", "lower"):
        raise UserError(f"mmbench.declare: better is {better!r}: give higher or lower")
    for name, end in (("worst", worst), ("best", best)):
        if end is not None and (better is None or not isinstance(end, int | float)):
            raise UserError(f"mmbench.declare: {name} is {end!r}: give a number, and better")
    low, high = (worst, best) if better == "higher" else (best, worst)
    if low is not None and high is not None and not low < high:
        raise UserError(
            f"mmbench.declare: worst is {worst}, best is {best} and {better} is better: swap them"
        )
    if wants is not None and not isinstance(wants, Wants):
        raise UserError(f"mmbench.declare: wants is {wants!r}: give a mmbench.types.Wants")


def _names(what: str, given: Collection[str]) -> Collection[str]:
    if isinstance(given, str) or not all(isinstance(name, str) for name in given):
        raise UserError(f'mmbench.declare: {what} is {given!r}: give a set of names, {{"…"}}')
    return given
