"""A model's responses by the name of their requests, as vectors or as what it generated."""

from __future__ import annotations

from mmbench.protocols import Responses
from mmbench.types import Answers, Said


def vectors(responses: Responses, name: str) -> Answers:
    """Return the vectors that answer embed, classify and loglikelihood requests.

    Raises LookupError for a name of no requests, TypeError for responses that are no vectors.
    """
    found = _named(responses, name)
    if not isinstance(found, Answers):
        raise TypeError(f"the responses to {name!r} are no vectors: read them by `generated`")
    return found


def generated(responses: Responses, name: str) -> Said:
    """Return the texts, images or sounds that answer write, draw and speak requests.

    Raises LookupError for a name of no requests, TypeError for responses that are vectors.
    """
    found = _named(responses, name)
    if not isinstance(found, Said):
        raise TypeError(f"the responses to {name!r} are vectors: read them by `vectors`")
    return found


def _named(responses: Responses, name: str) -> Answers | Said:
    if name not in responses:
        raise LookupError(f"no requests have the name {name!r}, only {', '.join(responses)}")
    return responses[name]
