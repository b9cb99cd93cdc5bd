"""A model's responses by the name of their requests, as vectors or as what it generated."""

from __future__ import annotations

from mmbench.protocols import Responses
from mmbench.types import GeneratedOutputs, VectorOutputs


def vectors(responses: Responses, name: str) -> VectorOutputs:
    """Return the vectors that answer embed, classify and loglikelihood requests.

    Raises LookupError for a name of no requests, TypeError for responses that are no vectors.
    """
    response = _response(responses, name)
    if not isinstance(response, VectorOutputs):
        raise TypeError(f"the responses to {name!r} are no vectors: read them by `generated`")
    return response


def generated(responses: Responses, name: str) -> GeneratedOutputs:
    """Return the texts, images or sounds that answer write, draw and speak requests.

    Raises LookupError for a name of no requests, TypeError for responses that are vectors.
    """
    response = _response(responses, name)
    if not isinstance(response, GeneratedOutputs):
        raise TypeError(f"the responses to {name!r} are vectors: read them by `vectors`")
    return response


def _response(responses: Responses, name: str) -> VectorOutputs | GeneratedOutputs:
    if name not in responses:
        raise LookupError(f"no requests have the name {name!r}, only {', '.join(responses)}")
    return responses[name]
