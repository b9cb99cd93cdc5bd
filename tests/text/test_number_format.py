"""P-values and shares as text."""

import pytest

from mmbench.text.number_format import format_p_value, format_percent, p_equals


@pytest.mark.parametrize(
    ("p_value", "cell", "equation"),
    [
        (0.5, "0.5000", "p = 0.5000"),
        (0.0001, "0.0001", "p = 0.0001"),
        (0.99e-4, "<0.0001", "p < 0.0001"),
        (0.0, "<0.0001", "p < 0.0001"),
        (None, "n/a", "p = n/a"),
    ],
)
def test_a_small_p_value_is_never_0(p_value: float | None, cell: str, equation: str) -> None:
    assert format_p_value(p_value) == cell
    assert p_equals(p_value) == equation


def test_a_share_is_a_percentage() -> None:
    assert [format_percent(share) for share in (0, 0.125, 1)] == ["0.0 %", "12.5 %", "100.0 %"]
