"""The generated text in the JSON object that an endpoint returns."""

from __future__ import annotations

from collections.abc import Callable

from mmbench.errors import SampleError
from mmbench.types import GeneratedText

# Finish reasons with an incomplete text. Any other word, and null, counts as a regular end, which
# some servers call by another name (`eos_token` of TGI).
_CUT_OFF = frozenset({"content_filter", "refusal", "error", "abort"})
_AT_THE_LIMIT = frozenset({"length", "max_tokens"})
_MAX_TOKENS = 1 << 31
_UNREADABLE = "the endpoint's answer has no readable choices[0].message.content"


def parse_answer(
    answer: dict[str, object], mask: Callable[[str], str], printable: Callable[[str], str]
) -> GeneratedText:
    """Return the generated text of an answer.

    `mask` removes the key from a text, `printable` makes a text fit for a message. Raises
    SampleError if there is no text.
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
        raise SampleError(f"the endpoint gave no text: it ended with {printable(str(finish))!r}")
    text = mask(content).strip()
    _refuse_surrogates(text)
    return GeneratedText(
        text, "length" if finish_reason in _AT_THE_LIMIT else "stop", _tokens(answer)
    )


def prompt_tokens(answer: dict[str, object]) -> int | None:
    """Return the number of prompt tokens that the server reports, None if it reports none."""
    usage = answer.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) else None


def _normalised_reason(finish: object) -> str:
    if not isinstance(finish, str | None):
        raise SampleError(
            f"the endpoint's finish_reason is a {type(finish).__name__}: a word is needed"
        )
    return (finish or "").lower()


def _text(content: object) -> object:
    """Return the text of a message. If it is a list of parts, join their texts."""
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
        raise SampleError("the endpoint's text has a lone surrogate, which is not text") from error


def _tokens(answer: dict[str, object]) -> int:
    usage = answer.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return tokens if type(tokens) is int and 0 <= tokens < _MAX_TOKENS else 0
