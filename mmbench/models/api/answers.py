"""Parsing of the JSON object that an endpoint returns for a conversation."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from msgspec.structs import replace

from mmbench.errors import SampleError
from mmbench.models.support.generation import generated_text
from mmbench.models.support.reasoning import Reasoning
from mmbench.text.reasoning import SplitText
from mmbench.types import GeneratedText, GenerationConfig

# Finish reasons of incomplete texts. Any other string and null count as a regular end, since
# servers have different names for it (TGI: `eos_token`).
_CUT_OFF = frozenset({"content_filter", "refusal", "error", "abort"})
_AT_THE_LIMIT = frozenset({"length", "max_tokens"})
_MAX_TOKENS = 1 << 31
_UNREADABLE = "the endpoint's response has no readable choices[0].message.content"


def parse_answer(
    answer: dict[str, object],
    mask: Callable[[str], str],
    printable: Callable[[str], str],
    settings: Reasoning,
    options: GenerationConfig,
) -> GeneratedText:
    """Return the answer in the JSON object of a response, and the reasoning before the answer.

    `mask` removes the API key from a text; `printable` also shortens it to one line for an error
    message. Reasoning is the text that the server returns separately and the text between the
    markers of `settings`. The stop strings of `options` are applied to the answer. Raises
    SampleError if the response has neither a text nor reasoning.
    """
    match answer:
        case {"choices": [{"message": dict(message), **choice}, *_]}:
            content, finish = _text(message.get("content")), choice.get("finish_reason")
        case _:
            raise SampleError(_UNREADABLE)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal and not content:
        raise SampleError(f"the model refused: {printable(refusal)}")
    finish_reason, separate = _normalised_reason(finish), mask(_reasoning(message)).strip()
    if content is None and separate:
        content = ""
    if not isinstance(content, str) or finish_reason in _CUT_OFF:
        raise SampleError(
            f"the endpoint returned no complete text (finish_reason {printable(str(finish))!r})"
        )
    split = settings.split(mask(content).strip())
    if separate:
        split = SplitText("\n".join(filter(None, [separate, split.reasoning])), split.answer)
    finished, thought = finish_reason not in _AT_THE_LIMIT, _reasoning_tokens(answer)
    if split.reasoning is None and settings.budget and not (finished or thought):
        # The prompt of the server has the opening marker, and the closing one was not reached.
        split = SplitText(split.answer, "")
    if split.reasoning is None and thought and not split.answer:
        split = SplitText("", "")  # the server keeps the reasoning to itself
    for text in (split.answer, split.reasoning or ""):
        _refuse_surrogates(text)
    text, is_cut = _first_words(split.answer, options.max_tokens if settings.budget else None)
    generated = generated_text(
        text, _tokens(answer), options, finished=finished and not is_cut, reasoning=split.reasoning
    )
    return replace(generated, reasoning_tokens=thought, prompt_tokens=prompt_tokens(answer) or 0)


def _first_words(text: str, limit: int | None) -> tuple[str, bool]:
    """Return a text up to `limit` words, and whether it was longer; a word has a token or more."""
    if limit is None:
        return text, False
    words = islice(re.finditer(r"\S+", text), limit, None)
    beyond = next(words, None)
    return (text, False) if beyond is None else (text[: beyond.start()], True)


def _reasoning(message: dict[str, object]) -> str:
    """Return the reasoning that a server returns apart from the content, "" without any.

    `reasoning_content` is DeepSeek's and SGLang's name, `reasoning` vLLM's and OpenRouter's;
    Mistral returns parts of the type `thinking`.
    """
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := message.get(name), str) and text.strip():
            return text
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return "\n".join(filter(None, map(_thought, parts)))


def _thought(part: object) -> str:
    match part:
        case {"type": "thinking", "thinking": str(text)}:
            return text
        case {"type": "thinking", "thinking": [*parts]}:
            return "".join(str(one.get("text", "")) for one in parts if isinstance(one, dict))
        case _:
            return ""


def prompt_tokens(answer: dict[str, object]) -> int | None:
    """Return the number of prompt tokens in a response, or None if the server reports none."""
    usage = answer.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return tokens if type(tokens) is int and 0 <= tokens < _MAX_TOKENS else None


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


def parse_transcript(
    answer: dict[str, object], mask: Callable[[str], str], options: GenerationConfig
) -> GeneratedText:
    """Return the text of a transcription. Raises SampleError if there is none."""
    text, usage = answer.get("text"), answer.get("usage")
    if not isinstance(text, str):
        raise SampleError("the endpoint's answer has no text of a transcript")
    text = mask(text)
    _refuse_surrogates(text)
    counts = usage if isinstance(usage, dict) else {}  # of seconds, where a model counts no tokens
    transcript = generated_text(text, _count(counts.get("output_tokens")), options, finished=True)
    return replace(transcript, prompt_tokens=_count(counts.get("input_tokens")))


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SampleError("the endpoint's text has a lone surrogate (invalid Unicode)") from error


def _tokens(answer: dict[str, object]) -> int:
    usage = answer.get("usage")
    return _count(usage.get("completion_tokens") if isinstance(usage, dict) else None)


def _reasoning_tokens(answer: dict[str, object]) -> int:
    """Return the number of reasoning tokens that the server reports, 0 if it reports none."""
    match answer:
        case {"usage": {"completion_tokens_details": {"reasoning_tokens": tokens}}}:
            return _count(tokens)
        case _:
            return 0


def _count(tokens: object) -> int:
    return tokens if type(tokens) is int and 0 <= tokens < _MAX_TOKENS else 0
