"""The forms of vectors that `--vectors` accepts: dimensions, precision, and rescoring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mmbench.errors import SpecError
from mmbench.text import plain

Precision = Literal["float32", "int8", "binary"]

FULL = "full"
_RESCORED = 100  # candidates that are rescored, unless the form says how many
# Every part follows a plus, also the first.
_FORM = re.compile(
    r"(\+(?P<dimensions>[1-9]\d{0,5}))?"
    r"(\+(?P<precision>int8|binary)(\+(?P<rescore>rescore)(?P<rescored>[1-9]\d{0,4})?)?)?"
)
_ADVICE = "use full, 256, int8, binary, 256+int8, binary+rescore100 …"


@dataclass(frozen=True)
class VectorForm:
    """A form of vectors, such as `256+int8` or `binary+rescore200`.

    `dimensions` is the number of first dimensions that are kept, None for all. The first `rescored`
    documents of a query are ordered again by the dot products of the query in float32 with the
    stored documents; 0 means none.
    """

    dimensions: int | None = None
    precision: Precision = "float32"
    rescored: int = 0

    @property
    def name(self) -> str:
        """The form as `--vectors` accepts it; equal forms have equal names."""
        parts = [
            "" if self.dimensions is None else str(self.dimensions),
            "" if self.precision == "float32" else self.precision,
            f"rescore{self.rescored}" if self.rescored else "",
        ]
        return "+".join(filter(None, parts)) or FULL

    def stored_bytes(self, width: int) -> int:
        """Return the bytes of a stored vector, whose full form has `width` dimensions."""
        size = width if self.dimensions is None else self.dimensions
        return {"float32": 4 * size, "int8": size, "binary": -(-size // 8)}[self.precision]


def parse_form(text: str) -> VectorForm:
    """Return the form with this name: `full`, `256`, `int8`, `256+binary+rescore200`.

    `rescore` alone means `rescore100`. Raises SpecError for another text.
    """
    if text == FULL:
        return VectorForm()
    match = _FORM.fullmatch(f"+{text}")
    if match is None:
        raise SpecError(f"--vectors {plain(text, 40)}: not a form of vectors; {_ADVICE}")
    dimensions, precision, rescored = match["dimensions"], match["precision"], match["rescored"]
    return VectorForm(
        int(dimensions) if dimensions else None,
        "binary" if precision == "binary" else "int8" if precision else "float32",
        int(rescored or _RESCORED) if match["rescore"] else 0,
    )
