"""Access to a model's responses by request name, as vectors or as generated outputs."""

from __future__ import annotations

from mmbench.protocols import Responses
from mmbench.types import GeneratedOutputs, VectorOutputs


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


def _response(responses: Responses, name: str) -> VectorOutputs | GeneratedOutputs:
    if name not in responses:
        raise LookupError(f"no requests called {name!r}; use one of {', '.join(responses)}")
    return responses[name]
