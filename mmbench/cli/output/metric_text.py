"""Declarations of metrics as text, for `mmbench list`, `mmbench show` and docs/metrics.md."""

from __future__ import annotations

from collections.abc import Iterator

from mmbench.protocols import MetricInfo
from mmbench.types import FeatureRequest


def direction(info: MetricInfo) -> str:
    """Return `higher is better` or `lower is better`; "" if the metric declares no direction."""
    return f"{info.better} is better" if info.better else ""


def value_range(info: MetricInfo) -> str:
    """Return the range of a metric as an interval, `[0, ∞)`; "" if it is unbounded."""
    low, high = (info.best, info.worst) if info.better == "lower" else (info.worst, info.best)
    if low is None and high is None:
        return ""
    left = "(-∞" if low is None else f"[{low:.4g}"
    return f"{left}, ∞)" if high is None else f"{left}, {high:.4g}]"


def sentence(info: MetricInfo) -> str:
    """Return the declaration of a metric as one line: `Unit: rank; lower is better; …`."""
    ends, kinds = value_range(info), ", ".join(sorted(info.kinds))
    parts = [f"Unit: {info.unit}", direction(info), ends and f"range {ends}", f"kinds: {kinds}"]
    return f"{'; '.join(filter(None, parts))}."


def declaration(forms: list[str], info: MetricInfo) -> Iterator[str]:
    """Yield the lines of a metric's declaration: its names (`forms`), then a line per attribute."""
    yield ", ".join(forms)
    yield f"unit: {info.unit or 'not declared'}"
    yield f"direction: {direction(info) or 'that of its Score'}"
    yield f"range: {value_range(info) or 'no worst and no best value'}{_twice(info)}"
    yield f"kinds: {', '.join(sorted(info.kinds)) or 'any'}"
    yield f"needs: {', '.join(info.needs) or 'nothing more'}"
    for at, wants in enumerate(info.wants.chain() if info.wants else ()):
        other = "@MODEL" if at == 0 else ",MODEL"
        yield f"features of a model: {_model(wants, other)}"


def _twice(info: MetricInfo) -> str:
    return ", doubled for two directions" if info.sums_directions else ""


def _model(wants: FeatureRequest, other: str) -> str:
    chosen = f"--{wants.chosen_by} MODEL" if wants.chosen_by else "none by default"
    own = wants.model or chosen
    variants = [f"@{name}: {_with_options(*chosen)}" for name, chosen in wants.variants.items()]
    used = [_with_options(own, wants.options)] if wants.model or not variants else []
    flags = [(model, file.option.replace("_", "-")) for model, file in wants.files.items()]
    files = [f"{model} needs --{flag} FILE" for model, flag in flags]
    return "; ".join([*used, *variants, f"{other}: any other", *files])


def _with_options(model: str, options: dict[str, object]) -> str:
    return " ".join([model, *(f"{name}={value}" for name, value in options.items())])
