"""Decorators that declare a metric or a data source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from itertools import product
from typing import Any, ParamSpec, TypeVar, get_args

from msgspec.structs import replace

from mmbench.errors import UserError
from mmbench.protocols.datasets import Reads, SourceInfo
from mmbench.protocols.metrics import Better, MetricInfo, RankingOrder
from mmbench.types import FeatureRequest, Modality, Role, Score

P = ParamSpec("P")
_MODALITIES_WITH_ROLES = [*product(get_args(Modality), get_args(Role))]
SourceT = TypeVar("SourceT", bound=Callable[..., object])


def declare_source(
    *reads: Reads, hub: bool = False, own_data: bool = False, any_layout: bool = False
) -> Callable[[SourceT], SourceT]:
    """Declare a data source: a function `source(root, *, option=default, …)` returning a Dataset.

    `reads` are the accepted file formats (default: tables and JSON); the flags are those of
    `SourceInfo`. Plugins may omit the declaration. Raises UserError for an unknown format.
    """
    _check_formats(reads)
    formats: frozenset[Reads] = frozenset(reads) or SourceInfo().reads

    def decorate(source: SourceT) -> SourceT:
        declared: Any = source  # a function or a class; the type has no attribute `info`
        declared.info = SourceInfo(formats, hub, own_data, any_layout)
        return source

    return decorate


def declare(
    *,
    unit: str = "",
    better: Better | None = None,
    worst: float | None = None,
    best: float | None = None,
    kinds: Collection[str] = (),
    needs: Collection[str] = (),
    slow: bool = False,
    wants: FeatureRequest | None = None,
    extremes: tuple[RankingOrder, RankingOrder] | None = None,
    sums_directions: bool = False,
    lenient: bool = False,
    check_argument: Callable[[str], None] | None = None,
    check_options: Callable[[str, Mapping[str, object]], None] | None = None,
) -> Callable[[Callable[P, Score]], Callable[P, Score]]:
    """Declare a metric: store these arguments as a `MetricInfo` in the function's attribute `info`.

    The Scores of the metric get the declared direction and range. Raises UserError for an invalid
    declaration.
    """
    _check(unit, better, worst, best, wants)
    _check_modalities(wants)
    _check_functions(wants, extremes, check_argument, check_options)
    _check_flags(slow=slow, sums_directions=sums_directions, lenient=lenient)
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
        lenient=lenient,
        check_argument=check_argument,
        check_options=check_options,
    )

    def decorate(function: Callable[P, Score]) -> Callable[P, Score]:
        function.__dict__["info"] = info  # also if `register` is applied before `declare`

        @wraps(function)
        def metric(*args: P.args, **kwargs: P.kwargs) -> Score:
            return with_range(function(*args, **kwargs), info)

        return metric

    return decorate


def with_range(score: Score, info: MetricInfo) -> Score:
    """Return the Score with the direction and the range of `info`.

    If `info` declares no direction, the Score is returned unchanged.
    """
    if info.better is None or not isinstance(score, Score):  # the engine rejects other types
        return score
    return replace(score, better=info.better, worst=info.worst, best=info.best)


def _check(unit: object, better: object, worst: Any, best: Any, wants: object) -> None:
    """Raise UserError for an invalid argument of `declare`."""
    if not isinstance(unit, str):
        raise UserError(f"mmbench.declare: unit is {unit!r}; give a word such as 'fraction'")
    if better not in (None, "higher", "lower"):
        raise UserError(f"mmbench.declare: better is {better!r}; give 'higher' or 'lower'")
    for name, end in (("worst", worst), ("best", best)):
        if end is not None and (better is None or not isinstance(end, int | float)):
            raise UserError(f"mmbench.declare: {name} is {end!r}; give a number, and set better")
    low, high = (worst, best) if better == "higher" else (best, worst)
    if low is not None and high is not None and not low < high:
        raise UserError(
            f"mmbench.declare: worst is {worst}, best is {best} and {better} is better;"
            " swap worst and best"
        )
    if wants is not None and not isinstance(wants, FeatureRequest):
        raise UserError(f"mmbench.declare: wants is {wants!r}; give a FeatureRequest")


def _check_formats(reads: tuple[object, ...]) -> None:
    known = ", ".join(get_args(Reads))
    for one in reads:
        if callable(one):
            raise UserError(
                f"mmbench.protocols.declare_source lacks parentheses; give some of {known}"
            )
        if one not in get_args(Reads):
            raise UserError(
                f"mmbench.protocols.declare_source: unknown format {one!r}; give some of {known}"
            )


def _check_functions(wants: FeatureRequest | None, extremes: Any, *checks: object) -> None:
    """Raise UserError for an argument that must be a function but is not."""
    ends = () if extremes is None else extremes
    if not isinstance(ends, tuple) or len(ends) not in (0, 2):
        raise UserError(f"mmbench.declare: extremes is {extremes!r}; give a tuple of two functions")
    contents = [one.contents for one in wants.chain()] if wants else []
    for function in (*ends, *checks, *contents):
        if function is not None and not callable(function):
            raise UserError(
                f"mmbench.declare: {function!r} is not a function; give functions as extremes,"
                " check_argument, check_options and contents of wants"
            )


def _check_modalities(wants: FeatureRequest | None) -> None:
    """Raise UserError unless the request gives each content a valid modality and role.

    Requests in a chain must not share names of contents.
    """
    if wants is not None and wants.uses_features:
        raise UserError(
            "mmbench.declare: the first request of wants has uses_features, but there are no"
            " features before it; set it in `then`"
        )
    names: set[str] = set()
    for request in wants.chain() if wants is not None else ():
        for name, pair in request.modalities.items():
            if pair not in _MODALITIES_WITH_ROLES:
                raise UserError(
                    f"mmbench.declare: wants has {pair!r} for {name!r}; give a modality and a role,"
                    ' such as ("image", "document")'
                )
        if names & request.modalities.keys():
            shared = sorted(names & request.modalities.keys())[0]
            raise UserError(
                f"mmbench.declare: two requests of wants have contents called {shared!r}; give"
                " them different names"
            )
        names |= request.modalities.keys()


def _check_flags(**flags: object) -> None:
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise UserError(f"mmbench.declare: {name} is {flag!r}; give True or False")


def _names(what: str, names: Collection[str]) -> Collection[str]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise UserError(f'mmbench.declare: {what} is {names!r}; give a set of names, {{"…"}}')
    return names
