"""The reference translations of predictions, as the metrics of translations read them."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.errors import DataError
from mmbench.types import Prediction


def references_of(prediction: Prediction) -> list[str]:
    """Return the reference translations of a prediction, one or several.

    Raises DataError for a target that is neither a text nor a list of texts, and for an empty list.
    """
    target = prediction.target
    references = [target] if isinstance(target, str) else target
    if isinstance(references, list) and references and all(isinstance(r, str) for r in references):
        return references
    raise DataError(
        f"sample {prediction.id} has no reference translation; give a text or a list of texts"
    )


def number_signature(references: Sequence[Sequence[str]]) -> str:
    """Return the part of sacrebleu's signature that states the references of a text: `nrefs:1`.

    The number is `var` if the texts have different numbers of references.
    """
    numbers = set(map(len, references))
    return f"nrefs:{numbers.pop() if len(numbers) == 1 else 'var'}"
