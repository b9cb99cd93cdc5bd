"""Names of metrics with arguments, such as `recall@10` and `clipscore@clip-nano`.

`recall@10` is the metric `recall@k` with k = 10; `clipscore@clip-nano` uses the model clip-nano.
`judge[helpfulness]@llava@DIR` has both: an argument in brackets, and a model.
The registered name of a metric shows its argument: an integer, a name, or one of several words.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from msgspec import structs

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.errors import UnknownName, UserError
from mmbench.protocols import Metric, MetricInfo

if TYPE_CHECKING:
    from mmbench.types import FeatureRequest, Score

# The argument in a registered name: a number (`@k`, `@n`), a name, a listed word (`[a|b]`), or a
# name that the metric's `check_argument` accepts (`[CLASS]`).
_TAKES = re.compile(
    r"@(?P<number>[kn])$|@(?P<name>[a-z]{2,})$|\[(?P<open>[A-Z]+)\]$|\[(?P<variants>[^\]]+)\]$"
)


def metric(name: str) -> tuple[Metric, int | str | None]:
    """Return the metric with this name, and its argument: `recall@k` and 10 for `recall@10`.

    The argument is "clip" for `fid@clip`, "basic" for `wer[basic]`, and None for `mrr`. A metric
    that uses features of a model accepts the name of another model: `clipscore@clip-nano`, also
    after an argument in brackets: `judge[helpfulness]@llava@DIR`. Raises UnknownName.
    """
    known = registry.names("metric")
    if name in known and not _TAKES.search(name):
        return registry.lookup("metric", name), None
    for form in known:
        argument = _argument(form, name)
        if argument is not None:
            function = registry.lookup("metric", form)
            check = _info(function).check_argument
            if check is not None:
                check(str(argument))
            return function, argument
    family, model = _split_model(name)
    if model and (family in known or family.endswith("]")):
        function, argument = metric(family)
        if _info(function).wants:
            return _by_model(function, model), argument
    raise _unknown_metric(name)


def _split_model(name: str) -> tuple[str, str]:
    """Divide the name of a metric at the @ before its model, which is not inside brackets.

    The model is "" if there is none.
    """
    bracketed = re.match(r"[^@\[\]]*\[[^\[\]]+\](?=@)", name)
    family = bracketed[0] if bracketed else name.partition("@")[0]
    return family, name[len(family) + 1 :]


def feature_request(
    name: str, options: Mapping[str, object] | None = None
) -> FeatureRequest | None:
    """Return the feature request of a metric with its model; None if it requests no features.

    `name` is the name of a metric, whose argument may choose the model: `fid@tf`, `fid@clip`. The
    model is None if neither the name nor the metric chooses one. Options of the metric that are
    options of its model (`FeatureRequest.model_options`) replace those of the request. Raises
    UnknownName, and what the metric raises for an invalid argument or `options`.
    """
    wants = _request(name, options or {})
    if wants is None:
        return None
    own = {key: value for key, value in (options or {}).items() if key in wants.model_options}
    return structs.replace(wants, options=wants.options | own)


def _request(name: str, options: Mapping[str, object]) -> FeatureRequest | None:
    function, argument = metric(name)
    wants = _info(function).wants
    if wants is None or argument is None:
        return wants
    if wants.configure is not None:
        own = wants.configure(str(argument), options)
        return structs.replace(own, model=wants.model, options=wants.options)
    return wants.with_models(str(argument))


def metric_info(name: str) -> MetricInfo:
    """Return the declaration of a metric without running it; an empty declaration if it has none.

    `name` is the name of a metric (`recall@10`) or its registered form (`recall@k`). For
    `clipscore@clip-nano`, the feature request in the declaration is for clip-nano. Raises
    UnknownName.
    """
    return _info(
        registry.lookup("metric", name) if name in registry.names("metric") else metric(name)[0]
    )


def _info(function: object) -> MetricInfo:
    info = getattr(function, "info", None)
    return info if isinstance(info, MetricInfo) else MetricInfo()


def with_options(name: str, function: Metric, options: Mapping[str, object]) -> Metric:
    """Return a metric's function with `options` applied, which a task sets in `metric_options`.

    A function with options has a keyword-only parameter `options`, which always gets a mapping.
    Raises UserError if there are options but the function has no such parameter.
    """
    if "options" in inspect.signature(function).parameters:
        return partial(function, options=options)
    if options:
        raise UserError(
            f"metric {name} takes no options, but {', '.join(options)} is given; remove {name} from"
            " the task's metric_options"
        )
    return function


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Raise UserError for unknown or missing options of a metric."""
    function, argument = metric(name)
    with_options(name, function, options)
    check = _info(function).check_options
    if check is not None:
        check(str(argument), options)


def check_metric(name: str, kind: str, options: Mapping[str, object] | None = None) -> None:
    """Check that a metric exists, can measure the `kind`, and accepts the `options`.

    A plugin's kind accepts the metrics of all built-in kinds, because its predictions may have any
    form. Raises UnknownName and UserError.
    """
    check_options(name, options or {})
    kinds = metric_info(name).kinds
    like_any = kind not in TABLES["kind"] and bool(kinds & TABLES["kind"].keys())
    if kinds and kind not in kinds and not like_any:
        raise UserError(
            f"metric {name} measures tasks of kind {' and '.join(sorted(kinds))}, not {kind};"
            " remove it from the task's metrics"
        )


def _by_model(function: Metric, model: str) -> Metric:
    """Return a metric that uses features of `model` instead of its default model."""

    @wraps(function)
    def other(predictions: Any, *argument: Any, **keywords: Any) -> Score:
        return function(predictions, *argument, **keywords)

    info = _info(function)
    assert info.wants is not None  # checked by `metric`
    other.__dict__["info"] = structs.replace(info, wants=info.wants.with_models(model))
    return other


def _argument(form: str, name: str) -> int | str | None:
    """Return the argument in a metric name of the registered form `form`; None for other names."""
    takes = _TAKES.search(form)
    family = form[: takes.start()] if takes else form
    if takes is None or not name.startswith(family):
        return None
    suffix = name.removeprefix(family)
    if takes["open"]:
        return suffix[1:-1] if re.fullmatch(r"\[[^\[\]]+\]", suffix) else None
    if takes["variants"]:
        variant = suffix[1:-1]
        return variant if suffix == f"[{variant}]" and variant in _variants(takes) else None
    if takes["number"]:
        return int(suffix[1:]) if re.fullmatch("@[1-9][0-9]{0,17}", suffix) else None
    return suffix[1:] if re.fullmatch("@.+", suffix) else None


def _variants(takes: re.Match[str]) -> list[str]:
    return takes["variants"].split("|")


def metric_forms(name: str) -> list[str]:
    """Return the registered forms of a metric name without argument: `recall@k` for `recall`."""
    return [form for form in registry.names("metric") if _TAKES.sub("", form) == name]


def written_forms(form: str) -> list[str]:
    """Return the names that a registered form stands for: `wer[none]` and `wer[basic]`.

    A form with a number or a name, such as `recall@k`, stands for itself.
    """
    takes = _TAKES.search(form)
    if takes is None or not takes["variants"]:
        return [form]
    return [f"{form[: takes.start()]}[{variant}]" for variant in _variants(takes)]


def _unknown_metric(name: str) -> UnknownName:
    forms = metric_forms(re.split(r"[@\[]", name)[0])
    if not forms:
        known = registry.names("metric")
        known += [_TAKES.sub("", form) for form in known if written_forms(form) != [form]]
        return UnknownName("metric", name, known, "`mmbench list metrics` shows all")
    spellings = [spelling for form in forms for spelling in written_forms(form)]
    takes = [match["number"] for form in forms if (match := _TAKES.search(form))]
    numbers = [f"{letter} is a positive integer" for letter in takes if letter]
    return UnknownName("metric", name, spellings, "; ".join(numbers))
