"""Number formats for tables, leaderboards, verdicts and run summaries."""

from __future__ import annotations

from math import floor, isfinite, log10

_DIGITS = 5  # significant digits; at most four are decimals


def decimals(*values: float | None) -> int:
    """Return the number of decimals that shows the largest value with five significant digits.

    The number is four below 10 (0.6068, 1.0040), three below 100 (27.345) and two below 1,000
    (498.43).
    """
    largest = max((abs(v) for v in values if v is not None and isfinite(v)), default=0.0)
    whole = floor(log10(largest)) + 1 if largest >= 1 else 1
    return max(0, _DIGITS - whole)


def format_number(value: float | None, digits: int | None = None, sign: str = "") -> str:
    """Return a number with `digits` decimals (default: see `decimals`); `n/a` for None.

    `sign` is "+" to show the sign of positive numbers too.
    """
    if value is None:
        return "n/a"
    digits = decimals(value) if digits is None else digits
    # + 0.0 removes the sign of a value that rounds to zero.
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}"


def format_interval(low: float | None, high: float | None, sign: str = "") -> str:
    """Return an interval with equally many decimals at both ends; `n/a` if one end is None."""
    if low is None or high is None:
        return "n/a"
    digits = decimals(low, high)
    return f"{format_number(low, digits, sign)} to {format_number(high, digits, sign)}"


def format_p_value(p_value: float | None) -> str:
    """Return a p-value with four decimals: `0.0312`, `<0.0001`; `n/a` for None."""
    return "<0.0001" if p_value is not None and p_value < 1e-4 else format_number(p_value, 4)


def p_equals(p_value: float | None) -> str:
    """Return a p-value as an equation: `p = 0.0312`, `p < 0.0001`."""
    value = format_p_value(p_value)
    return f"p < {value[1:]}" if value.startswith("<") else f"p = {value}"


def format_percent(share: float) -> str:
    """Return a share of 1 as a percentage: `12.5 %`."""
    return f"{100 * share:.1f} %"


def format_rate(rate: float) -> str:
    """Return a rate with three significant digits: `0.52`, `43.1`, `1,639`."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def format_cost(cost: float) -> str:
    """Return an amount of money: `12.35`, `0.0421`, `0.000012`."""
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.4f}" if cost >= 0.01 else f"{cost:.6f}"


def format_seconds(seconds: float) -> str:
    """Return a duration: `4.8 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
