"""Parsing of the JSON object that an endpoint returns for a conversation."""

from __future__ import annotations

from collections.abc import Callable

from mmbench.errors import SampleError
from mmbench.types import GeneratedText

# Finish reasons of incomplete texts. Any other string and null count as a regular end, since
# servers have different names for it (TGI: `eos_token`).
_CUT_OFF = frozenset({"content_filter", "refusal", "error", "abort"})
_AT_THE_LIMIT = frozenset({"length", "max_tokens"})
_MAX_TOKENS = 1 << 31
_UNREADABLE = "the endpoint's response has no readable choices[0].message.content"


def parse_answer(
    answer: dict[str, object], mask: Callable[[str], str], printable: Callable[[str], str]
) -> GeneratedText:
    """Return the generated text in the JSON object of a response.

    `mask` removes the API key from a text; `printable` also shortens it to one line for an error
    message. Raises SampleError if the response has no text.
    """
    match answer:
        case {"choices": [{"message": dict(message), **choice}, *_]}:
            content, finish = _text(message.get("content")), choice.get("finish_reason")
        case _:
            raise SampleError(_UNREADABLE)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal and not content:
        raise SampleError(f"the model refused: {printable(refusal)}")
    finish_reason = _normalised_reason(finish)
    if not isinstance(content, str) or finish_reason in _CUT_OFF:
        raise SampleError(
            f"the endpoint returned no complete text (finish_reason {printable(str(finish))!r})"
        )
    text = mask(content).strip()
    _refuse_surrogates(text)
    return GeneratedText(
        text, "length" if finish_reason in _AT_THE_LIMIT else "stop", _tokens(answer)
    )


def prompt_tokens(answer: dict[str, object]) -> int | None:
    """Return the number of prompt tokens in a response, or None if the server reports none."""
    usage = answer.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) else None


def _normalised_reason(finish: object) -> str:
    if not isinstance(finish, str | None):
        raise SampleError(
            f"the endpoint's finish_reason is a {type(finish).__name__}, not a string"
        )
    return (finish or "").lower()


def _text(content: object) -> object:
    """Return the content of a message; if it is a list of parts, join their texts."""
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "text"}:
                raise SampleError(_UNREADABLE)
            case dict():
                pass  # an image, or a reasoning part
            case _:
                raise SampleError(_UNREADABLE)
    return "".join(texts) if texts or not content else None


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SampleError("the endpoint's text has a lone surrogate (invalid Unicode)") from error


def _tokens(answer: dict[str, object]) -> int:
    usage = answer.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return tokens if type(tokens) is int and 0 <= tokens < _MAX_TOKENS else 0
