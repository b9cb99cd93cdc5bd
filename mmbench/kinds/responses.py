"""A model's responses by the name of their requests, as vectors or generated outputs."""

from __future__ import annotations

from mmbench.protocols import Responses
from mmbench.types import GeneratedOutputs, VectorOutputs


def vectors(responses: Responses, name: str) -> VectorOutputs:
    """Return the vectors from embed, classify and loglikelihood requests.

    Raises LookupError for an unknown name, TypeError for responses that are not vectors.
    """
    response = _response(responses, name)
    if not isinstance(response, VectorOutputs):
        raise TypeError(f"the responses to {name!r} are not vectors: read them by `generated`")
    return response


def generated(responses: Responses, name: str) -> GeneratedOutputs:
    """Return the texts, images or audio from write, draw and speak requests.

    Raises LookupError for an unknown name, TypeError for responses that are vectors.
    """
    response = _response(responses, name)
    if not isinstance(response, GeneratedOutputs):
        raise TypeError(f"the responses to {name!r} are vectors: read them by `vectors`")
    return response


def _response(responses: Responses, name: str) -> VectorOutputs | GeneratedOutputs:
    if name not in responses:
        raise LookupError(f"no requests have the name {name!r}, only {', '.join(responses)}")
    return responses[name]
