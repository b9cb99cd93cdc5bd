"""Access to a model's responses by request name, as vectors or as generated outputs.

Some samples need several requests, whose responses are consecutive rows (`spans`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mmbench.protocols import Responses
from mmbench.types import GeneratedOutputs, VectorOutputs

F = TypeVar("F", np.float32, np.float64)


def vectors(responses: Responses, name: str) -> VectorOutputs:
    """Return the vectors from the embed, classify or loglikelihood requests called `name`.

    Raises LookupError for an unknown name, TypeError for outputs that are not vectors.
    """
    response = _response(responses, name)
    if not isinstance(response, VectorOutputs):
        raise TypeError(f"the responses to {name!r} are not vectors; read them with `generated`")
    return response


def generated(responses: Responses, name: str) -> GeneratedOutputs:
    """Return the texts, images or audio from the write, draw or speak requests called `name`.

    Raises LookupError for an unknown name, TypeError for outputs that are vectors.
    """
    response = _response(responses, name)
    if not isinstance(response, GeneratedOutputs):
        raise TypeError(f"the responses to {name!r} are vectors; read them with `vectors`")
    return response


def spans(sizes: Iterable[int]) -> list[tuple[int, int]]:
    """Return the (start, end) rows of each sample; `sizes` are their numbers of requests."""
    return list(pairwise(accumulate(sizes, initial=0)))


def first_failure(failures: Mapping[int, str], start: int, end: int) -> str | None:
    """Return the reason of the first failed row in a span, None if none of its rows failed."""
    return next((failures[row] for row in range(start, end) if row in failures), None)


def per_token(rated: NDArray[F]) -> NDArray[F]:
    """Return mean log-probabilities per token [n] from log-probabilities and lengths [n, 2].

    A continuation without tokens counts as one token.
    """
    means: NDArray[F] = rated[:, 0] / rated[:, 1].clip(min=1)
    return means


def _response(responses: Responses, name: str) -> VectorOutputs | GeneratedOutputs:
    if name not in responses:
        raise LookupError(f"no requests called {name!r}; use one of {', '.join(responses)}")
    return responses[name]
