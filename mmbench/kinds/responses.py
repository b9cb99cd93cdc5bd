"""A model's responses by the name of their requests, as vectors or as what it generated."""

from __future__ import annotations

from mmbench.protocols import Responses
from mmbench.types import Answers, Said


def vectors(responses: Responses, name: str) -> Answers:
    """Return the vectors that answer embed, classify and loglikelihood requests."""
    found = responses[name]
    assert isinstance(found, Answers)  # the method of the requests gives vectors
    return found


def generated(responses: Responses, name: str) -> Said:
    """Return the texts, images or sounds that answer write, draw and speak requests."""
    found = responses[name]
    assert isinstance(found, Said)  # the method of the requests generates
    return found
