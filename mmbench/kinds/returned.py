"""Checks of the values that the methods of a plugin's kind return.

Without these checks, an invalid value would cause an error in the engine, far from its origin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from reprlib import repr
from typing import Any, get_args

from msgspec import Struct, to_builtins

from mmbench.errors import UserError
from mmbench.protocols import Dataset, Needs
from mmbench.types import (
    ContinuationRequest,
    GenerationConfig,
    InvalidContent,
    MatchRequest,
    Media,
    Message,
    Method,
    Modality,
    Requests,
    Role,
    SeededPrompt,
    View,
)

# The types of contents of requests for each method, and a description for messages.
_CONTENT = ((str, Media, InvalidContent), "texts, Media and InvalidContent")
_CONTENTS: dict[str, tuple[tuple[type, ...], str]] = {
    "embed": _CONTENT,
    "embed_joint": ((tuple,), "conversations of one message"),
    "classify": ((*_CONTENT[0], View), "Media, Views and InvalidContent"),
    "write": ((tuple,), "conversations: tuples of Message"),
    "loglikelihood": ((ContinuationRequest,), "ContinuationRequests"),
    "relevance": ((tuple,), "conversations of a query and a document"),
    "match_tokens": ((MatchRequest,), "MatchRequests"),
    "draw": ((SeededPrompt,), "SeededPrompts"),
    "speak": _CONTENT,
    "detect": ((Media, InvalidContent), "images and InvalidContent"),
}
_GENERATES = ("write", "draw", "speak", "detect")
_EMBEDS = ("embed", "classify", "detect")
_ROLES = ("system", "user", "assistant")
_VALUES = "a list with one value per sample, an InvalidContent for a failed sample"


def with_check(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of a kind, called `name`, so that it raises UserError for an invalid result."""

    @wraps(method)
    def call(kind: Any, *args: Any, **kwargs: Any) -> Any:
        returned = method(kind, *args, **kwargs)
        if fault := CHECKS[name](returned, *args):
            task = getattr(kind, "task", None)
            owner = f"kind {task.kind}" if task else f"kind {type(kind).__name__}"
            raise UserError(f"{owner}: {name} {fault} (see docs/plugins.md)")
        return returned

    return call


def _requests(returned: object, data: Dataset, *_: object) -> str:
    if not isinstance(returned, Mapping) or not all(
        isinstance(one, Requests) for one in returned.values()
    ):
        return f"returned {repr(returned)}; return a dict of mmbench.types.Requests"
    samples = {role: len(samples) for role, samples in data.by_role().items()}
    faults = (_request_fault(name, one, samples) for name, one in returned.items())
    return next(filter(None, faults), "")


def _request_fault(name: object, one: Requests, samples: Mapping[str, int]) -> str:
    """Return what is wrong with the requests called `name`, or "".

    `samples` is the number of samples by role.
    """
    if one.method not in _CONTENTS:
        methods = ", ".join(get_args(Method))
        return f"returned requests with the method {one.method!r}; use one of {methods}"
    if fault := _setting_fault(one):
        return f"returned requests with {fault}"
    types, words = _CONTENTS[one.method]
    odd = next((c for c in one.contents if not isinstance(c, types) or not _are_messages(c)), None)
    if odd is not None:
        return f"returned requests to {one.method} {repr(odd)}; use {words}"
    if fault := next(filter(None, map(partial(_content_fault, one), one.contents)), ""):
        return f"returned requests to {one.method} with {fault}"
    if name not in samples or one.method not in _GENERATES:
        return ""
    if len(one.contents) != samples[str(name)]:
        return (
            f"returned {len(one.contents)} requests to {one.method} for {samples[str(name)]}"
            f" samples of the role {name}; return one request per sample"
        )
    return ""


def _setting_fault(one: Requests) -> str:
    """Return what is wrong with the fields of requests, or "".

    The contents must be a list, the modality and the role known, and the options a
    GenerationConfig.
    """
    if not isinstance(one.contents, Sequence) or isinstance(one.contents, str):
        return f"{repr(one.contents)} as contents; use a list"
    for field, known in (("modality", get_args(Modality)), ("role", get_args(Role))):
        if getattr(one, field) not in known:
            return f"the {field} {getattr(one, field)!r}; use one of {', '.join(known)}"
    if not isinstance(one.options, GenerationConfig):
        return f"the options {repr(one.options)}; use an mmbench.types.GenerationConfig"
    return ""


def _content_fault(one: Requests, content: object) -> str:
    """Return what is wrong inside a content that has the right type, or ""."""
    if isinstance(content, ContinuationRequest):
        content = content.conversation
    if isinstance(content, tuple):
        return next(filter(None, map(_message_fault, content)), "")
    medium = content.media if isinstance(content, View) else content
    modality = medium.modality if isinstance(medium, Media) else "text"
    wrong = isinstance(medium, str | Media) and one.method in _EMBEDS and modality != one.modality
    return f"a content of modality {modality} in requests of {one.modality}" if wrong else ""


def _message_fault(message: Message) -> str:
    if message.role not in _ROLES:
        return f"a message of the role {message.role!r}; use one of {', '.join(_ROLES)}"
    if not isinstance(message.parts, tuple | list):
        return f"the parts {repr(message.parts)}; use a tuple of texts, Media and InvalidContent"
    odd = next((part for part in message.parts if not isinstance(part, _CONTENT[0])), None)
    return "" if odd is None else f"the part {repr(odd)}; use texts, Media and InvalidContent"


def _are_messages(content: object) -> bool:
    return not isinstance(content, tuple) or all(isinstance(turn, Message) for turn in content)


def _values(returned: object, *args: object) -> str:
    # The first argument may be a baseline's name.
    data: Any = next(one for one in args if not isinstance(one, str))
    n = len(data.samples)
    if not isinstance(returned, Sequence) or isinstance(returned, str):
        return f"returned {repr(returned)}; return {_VALUES}"
    if len(returned) != n:
        return f"returned {len(returned)} values for {n} samples; return {_VALUES}"
    odd = next((row for row, value in enumerate(returned) if not _is_value(value)), None)
    if odd is None:
        return ""
    ident = data.samples[odd].id
    return (
        f"returned {repr(returned[odd])} for {ident}; return a text, a number, a list or a"
        " msgspec.Struct that can be encoded as JSON"
    )


def _is_value(value: object) -> bool:
    """Return whether a value can be stored in rows, either as JSON or as an array of scores."""
    if isinstance(value, str | int | float | Media | InvalidContent) or hasattr(value, "dtype"):
        return True
    if not isinstance(value, list | tuple | dict | Struct):
        return False
    try:
        to_builtins(value)
    except (TypeError, ValueError):
        return False
    return True


def _failures(returned: object, *_: object) -> str:
    pairs = returned if isinstance(returned, list) else [returned]
    if all(isinstance(p, tuple) and [type(one) for one in p] == [str, str] for p in pairs):
        return ""
    return f"returned {repr(returned)}; return a list of (id, reason)"


def _directions(returned: object, *_: object) -> str:
    if isinstance(returned, list) and returned and all(isinstance(name, str) for name in returned):
        return ""
    return f'returned {repr(returned)}; return a list of names, [""] for a single direction'


def _needs(returned: object, *_: object) -> str:
    if returned is None or isinstance(returned, Needs):
        return ""
    return f"returned {repr(returned)}; return an mmbench.protocols.Needs, or None"


def _signature(returned: object, *_: object) -> str:
    plain = isinstance(returned, str) and (not returned or returned.isprintable())
    return "" if plain else f"returned {repr(returned)}; return a str of one line"


# Functions that return the fault of a method's result, or "".
CHECKS: dict[str, Callable[..., str]] = {
    "requests": _requests,
    "values": _values,
    "accepted": _values,
    "baseline_values": _values,
    "failures": _failures,
    "directions": _directions,
    "needs": _needs,
    "signature": _signature,
}
