"""Metrics of answers that are numbers, with units and a tolerance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

from mmbench.columns import column
from mmbench.errors import SampleError, UserError
from mmbench.metrics.answers import pairs
from mmbench.metrics.answers.quantities import Quantity, stated_quantity
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import plain
from mmbench.types import Prediction, Score

_TOLERANCE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(%?)")
_ROUNDING = 1e-9  # relative; conversions of units round
_READING = "read=only-or-stated,no-unit=reference's,rounding=1e-9"


def check_tolerance(argument: str) -> None:
    """Raise UserError for an argument that is no tolerance, such as 0, 0.5 or 1%."""
    if not _TOLERANCE.fullmatch(argument):
        raise UserError(
            f"number_accuracy[{argument}]: no tolerance; give a percentage of the reference, such"
            " as 1%, or a difference in the unit of the reference, such as 0.5 or 0"
        )


@declare(
    unit="fraction",
    better="higher",
    worst=0,
    best=1,
    kinds={"writing"},
    check_argument=check_tolerance,
)
def number_accuracy(predictions: Sequence[Prediction], tolerance: str) -> Score:
    """Share of answers whose number is that of a reference, within a tolerance. Range [0, 1].

    Higher is better. The `tolerance` is a percentage of the reference (`1%`) or a difference in
    the unit of the reference (`0.5`, `0`). The answer is the only quantity in the text, or the
    first after the last "answer is", "=" or "\\boxed{"; a text with several other quantities is
    wrong, and so is a text without any, which a note counts (`mmbench.metrics.answers.quantities`).
    Units are converted (`mmbench.metrics.answers.units`); a unit of another dimension is wrong. A
    number without a unit is read in the unit of the reference, and a reference without a unit
    accepts any. If there are several references, one must agree. A sample without a number among
    its references is not scored. It suits measurements, prices and counts; for texts that are not
    numbers use `exact_match`. Source: this project.
    """
    check_tolerance(tolerance)
    texts = [*pairs(predictions)]
    ids = column(predictions, "id")
    accepted = [_quantities(one, answers) for one, (_, answers) in zip(ids, texts, strict=True)]
    stated = [stated_quantity(str(output)) for output, _ in texts]
    rows = [
        answer is not None and any(_agrees(answer, one, tolerance) for one in quantities)
        for answer, quantities in zip(stated, accepted, strict=True)
    ]
    unread = sum(answer is None for answer in stated)
    reason = f"{unread:,} of {len(stated):,} texts state no single number; wrong" if unread else ""
    details = {"answer": [None if one is None else f"{one.number:.12g}" for one in stated]}
    signature = f"tolerance={tolerance},{_READING}"
    return score(rows, signature=signature, reason=reason, details=details)


def _quantities(ident: str, answers: Sequence[str]) -> list[Quantity]:
    """Return the finite quantities among the answers. Raises SampleError if there are none."""
    read = [one for text in answers if (one := stated_quantity(text)) is not None]
    found = [one for one in read if isfinite(one.number)]
    if not found:
        shown = plain(" | ".join(answers), 40)
        raise SampleError(f"sample {ident}: no number in its reference {shown!r}")
    return found


def _agrees(answer: Quantity, reference: Quantity, tolerance: str) -> bool:
    value, expected = answer.number, reference.number
    if answer.unit is not None and reference.unit is not None:
        if answer.unit.dimension != reference.unit.dimension:
            return False
        value = reference.unit.from_base(answer.unit.to_base(value))
    match = _TOLERANCE.fullmatch(tolerance)
    assert match
    allowed = float(match[1]) * (abs(expected) / 100 if match[2] else 1)
    return abs(value - expected) <= allowed + _ROUNDING * abs(expected)
