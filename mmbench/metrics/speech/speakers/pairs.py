"""Assignment of the speakers of an output to the speakers of a reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

Pairs = list[tuple[str | None, str | None]]  # speakers of the reference and of the output


def best_positions(costs: NDArray[Any]) -> list[tuple[int, int]]:
    """Return the rows and columns of the assignment with the lowest total cost.

    `costs` [r, h] has the cost of each pair of speakers. As many pairs as possible are formed.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(costs)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def named_pairs(
    positions: Sequence[tuple[int, int]], reference: Sequence[str], hypothesis: Sequence[str]
) -> Pairs:
    """Return the pairs at these positions by name, followed by the speakers without a partner."""
    rows, columns = {row for row, _ in positions}, {column for _, column in positions}
    pairs: Pairs = [(reference[row], hypothesis[column]) for row, column in positions]
    pairs += [(name, None) for row, name in enumerate(reference) if row not in rows]
    pairs += [(None, name) for column, name in enumerate(hypothesis) if column not in columns]
    return pairs


def format_pairs(pairs: Pairs) -> str:
    """Return an assignment as text: `anna=spk0, bob missed, spk7 added`."""
    return ", ".join(_format_pair(*pair) for pair in pairs)


def _format_pair(reference: str | None, hypothesis: str | None) -> str:
    if reference is None:
        return f"{hypothesis} added"
    return f"{reference} missed" if hypothesis is None else f"{reference}={hypothesis}"
