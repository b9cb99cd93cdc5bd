"""A model's responses by the name of their requests, as vectors or as what it generated."""

from __future__ import annotations

from mmbench.errors import UserError
from mmbench.protocols import Responses
from mmbench.text import listed
from mmbench.types import Answers, Said


def vectors(responses: Responses, name: str) -> Answers:
    """Return the vectors that answer embed, classify and loglikelihood requests.

    Raises UserError where there are no requests of this name, or a model generates their answers.
    """
    found = _named(responses, name)
    if not isinstance(found, Answers):
        raise UserError(f"a model generates what answers requests {name!r}: read it by `generated`")
    return found


def generated(responses: Responses, name: str) -> Said:
    """Return the texts, images or sounds that answer write, draw and speak requests.

    Raises UserError where there are no requests of this name, or a model answers them by vectors.
    """
    found = _named(responses, name)
    if not isinstance(found, Said):
        raise UserError(f"vectors answer requests {name!r}: read them by `vectors`")
    return found


def _named(responses: Responses, name: str) -> Answers | Said:
    if name not in responses:
        raise UserError(f"the kind asks {listed(responses)}, and reads answers to {name!r}")
    return responses[name]
