"""References as other harnesses store them."""

from __future__ import annotations

import ast

from mmbench.predictions.harnesses.results import HarnessSample
from mmbench.types import OutputContext

_LONGEST_LIST = 1_000_000  # characters of a text that may be a printed list


def stored_references(reference: object) -> list[str]:
    """Return the references as texts; lm-eval and lmms-eval write a list as Python prints it.

    Other values than texts and numbers are left out.
    """
    if isinstance(reference, str) and reference[:1] == "[":
        reference = _printed_list(reference)
    listed_values = reference if isinstance(reference, list) else [reference]
    return [str(v) for v in listed_values if isinstance(v, str | int | float)]


def output_context(sample: HarnessSample) -> OutputContext:
    """Return the fields that match a sample: row number, prompt, references and media."""
    references = stored_references(sample.reference)
    return OutputContext(sample.row, sample.prompt, references, sample.media)


def _printed_list(text: str) -> object:
    """Return the list that Python printed as `text`, or the text if it is not such a list."""
    if len(text) > _LONGEST_LIST:
        return text
    try:
        return ast.literal_eval(text)  # reads literals only, and runs no code
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
