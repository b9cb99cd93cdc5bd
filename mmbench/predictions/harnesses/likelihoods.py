"""The options that a model rated by their likelihood, in the samples of lm-eval and lmms-eval.

The sources of the fields are in `mmbench.predictions.harnesses.lm_eval`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_uppercase

from mmbench.predictions.harnesses.json_values import Cells, as_cells, as_list, objects

_BOOLEANS = {"True", "False", True, False}


def rated_options(cells: Cells) -> list[float] | None:
    """Return the log-likelihood of each option; None unless the model rated several options.

    For the metric `acc_mutual_info`, lm-eval appends a request for each option with an empty
    context (`construct_requests`); these are left out.
    """
    filtered = cells.get("filtered_resps")
    rated = [likelihood(pair) for pair in as_list(filtered)]
    numbers = [number for number in rated if number is not None]
    if len(numbers) < 2 or len(numbers) < len(rated):
        return None
    contexts = [request.get("arg_0") for request in requests(cells)]
    half = len(numbers) // 2
    complete = len(contexts) == len(numbers) == 2 * half
    unconditional = complete and set(contexts[half:]) == {""}
    return numbers[:half] if unconditional else numbers


def likelihood(pair: object) -> float | None:
    """Return the log-likelihood in [log-likelihood, whether greedy]; None for other values."""
    if not isinstance(pair, list) or len(pair) != 2 or isinstance(pair[1], list | dict):
        return None
    try:
        return float(pair[0]) if pair[1] in _BOOLEANS else None
    except (TypeError, ValueError):
        return None


def requests(cells: Cells) -> list[Cells]:
    """Return the arguments of each request, {"arg_0": context, "arg_1": continuation}."""
    return objects(list(as_cells(cells.get("arguments")).values()))


def continuations(cells: Cells) -> list[str]:
    """Return the text of each option; [] if the line does not have distinct texts."""
    texts = [str(request.get("arg_1", "")).strip() for request in requests(cells)]
    rated = rated_options(cells) or []
    texts = texts[: len(rated)]
    return texts if len(set(texts)) == len(rated) and all(texts) else []


def has_numbered_targets(lines: Iterable[Cells]) -> bool:
    """Return whether the targets of a file are the numbers of options.

    The target of a multiple-choice task in lm-eval is the number or the text of an option, and
    texts may be numbers, too. Targets are numbers of options if each of the file is one and at
    least one is the text of no option.
    """
    rated = [(str(cells.get("target")), continuations(cells)) for cells in lines]
    rated = [(target, options) for target, options in rated if options]
    numbers = all(target.isdecimal() and int(target) < len(options) for target, options in rated)
    return numbers and any(target not in options for target, options in rated)


def likeliest(rated: Sequence[float], texts: Sequence[str]) -> str:
    """Return the text of the option of highest log-likelihood, or its letter without texts.

    More than 26 options have numbers, from 0, in place of letters.
    """
    best = max(range(len(rated)), key=rated.__getitem__)
    numbers = [str(number) for number in range(len(rated))]
    letters = ascii_uppercase if len(rated) <= len(ascii_uppercase) else numbers
    return (texts or letters)[best]
