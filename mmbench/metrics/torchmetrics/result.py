"""Conversion of a torchmetrics result into the parts of a Score."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from importlib.metadata import version
from typing import Any, Literal

from mmbench.errors import DataError

_LONGEST = 200  # longest message of torchmetrics, in characters


def one_line(message: object) -> str:
    """Return a message on one line, truncated; if it is empty, the name of its type."""
    text = " ".join(str(message).split()) or type(message).__name__
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def signature(name: str, options: Mapping[str, Any], inputs: str = "") -> str:
    """Return a signature with the torchmetrics version, the class, the inputs and all options.

    An option reads `n_gram=2`; a list of values reads `rouge1;rougeL`.
    """
    head = [f"torchmetrics={version('torchmetrics')}", f"class={name}", *filter(None, [inputs])]
    return ",".join([*head, *(f"{key}={_text(options[key])}" for key in sorted(options))])


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ";".join(map(_text, value))
    plain = str(value).lower() if isinstance(value, bool) else str(value)
    return plain.replace(",", ";")


def number(result: Any, output: str | int | None, accepted: Collection[str]) -> float:
    """Return the single number in a result, or in the output that the option `output` selects.

    `accepted` are the names of the constructor parameters. Raises DataError if the output is
    unknown, or is not a single number.
    """
    import torch

    outputs: dict[str | int, Any] = {}
    if isinstance(result, dict):
        outputs = dict(result)
    elif isinstance(result, list | tuple):
        outputs = dict(enumerate(result))
    if (outputs and len(outputs) > 1) or output is not None:
        if output not in outputs:
            known = ", ".join(map(str, outputs)) or "none"
            raise DataError(f"set `output` in metric_options to one of the outputs: {known}")
        result = outputs[output]
    elif outputs:
        (result,) = outputs.values()
    values = torch.as_tensor(result)
    if values.numel() != 1:
        reductions = [
            f"`{reduction}`" for reduction in ("average", "reduction") if reduction in accepted
        ]
        hint = f"; choose another {' or '.join(reductions)} in metric_options" if reductions else ""
        raise DataError(
            f"the result of the metric has {values.numel()} numbers, but one is needed{hint}"
        )
    return float(values)


def direction(metric: Any, declared: str | None) -> Literal["higher", "lower"]:
    """Return which direction is better: as the task declares, else as torchmetrics defines.

    Raises DataError if neither states a direction.
    """
    known = metric.higher_is_better
    if declared is None and known is None:
        raise DataError(
            "torchmetrics does not say which direction is better; set the option `better`"
        )
    return "higher" if (declared == "higher" if declared else known) else "lower"


def best_end(metric: Any, better: str) -> float | None:
    """Return the best value of a metric: a bound of torchmetrics' plots, or None if unbounded."""
    end = metric.plot_upper_bound if better == "higher" else metric.plot_lower_bound
    return None if end is None or not math.isfinite(end) else float(end)


def reason_of(value: float, warnings: list[str]) -> str:
    """Return why a score has no value or no interval, followed by the warnings of torchmetrics."""
    no_value = f"torchmetrics returned {value}"
    own = (
        "no interval: the metric has one value for the whole set"
        if math.isfinite(value)
        else no_value
    )
    return "; ".join(dict.fromkeys([own, *map(one_line, warnings)]))
