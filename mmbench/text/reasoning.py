"""Reasoning in model outputs: its separation from the answer.

Formats of reasoning: tags such as `<think>…</think>` (DeepSeek-R1, Qwen3, GLM-4.1V; the prompt
often contains the opening tag, so that the output has only the closing tag), `[THINK]…[/THINK]`
(Magistral), `<seed:think>` (Seed-OSS), `<|START_THINKING|>` (Command A), `<|begin_of_thought|>`
(Sky-T1), `◁think▷…◁/think▷` (Kimi-VL), `<unused94>` (MedGemma), the channels of gpt-oss
(openai/harmony), and the phrases of Granite 3.2. Answers are enclosed in `<answer>…</answer>`
(R1-style training, Hunyuan), `<response>` (Granite 3.3), `<CONCLUSION>` (LLaVA-CoT),
`<|begin_of_box|>` (GLM-4.1V and later), `<|begin_of_solution|>` (Sky-T1), `<|START_RESPONSE|>`
(Command A) or `[BEGIN FINAL RESPONSE]` (Apriel).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from mmbench.columns import Texts

NO_ANSWER = "no-answer"  # the tag of an output without an answer after the reasoning

_ATTRIBUTES = r"(?:\s+[\w:-]+\s*=[^<>]*+)?"
_NAMES = (
    r"(?:seed:)?(?:think|thinking|thought|thoughts|reason|reasoning|reflection|rationale|scratchpad"
    r"|cot)"
)
_OPEN = (
    rf"<\s*{_NAMES}{_ATTRIBUTES}\s*>|\[think\]|◁\s*think\s*▷"
    r"|<\|start_thinking\|>|<\|begin_of_thought\|>|<unused94>"
)
_CLOSE = (
    rf"<\s*/\s*{_NAMES}\s*>|\[/think\]|◁\s*/\s*think\s*▷"
    r"|<\|end_thinking\|>|<\|end_of_thought\|>|<unused95>"
)
_TRACE = re.compile(f"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE)
_OPEN_AT_END = re.compile(rf"(?:{_OPEN})\s*\Z", re.IGNORECASE)

_ANSWERS = r"(?:answer|final_?answer|response|conclusion)"
_BEGIN = (
    rf"<\s*{_ANSWERS}{_ATTRIBUTES}\s*>|<\|begin_of_(?:box|solution)\|>|<\|start_response\|>"
    r"|\[begin final response\]"
)
_END = (
    rf"<\s*/\s*{_ANSWERS}\s*>|<\|end_of_(?:box|solution)\|>|<\|end_response\|>"
    r"|\[end final response\]"
)
_ANSWER = re.compile(f"(?P<begin>{_BEGIN})|{_END}", re.IGNORECASE)

_CHANNEL = "<|channel|>"
_MESSAGE = "<|message|>"
_CHANNEL_TOKENS = frozenset({_CHANNEL, _MESSAGE, "<|start|>", "<|end|>", "<|return|>", "<|call|>"})
_LONGEST_MARKER = 200  # characters, with attributes and the spaces after it
# A message header of gpt-oss begins with the channel; one of these tokens ends the message.
_CHANNEL_NAME = re.compile(r"\s*(\w*)")
_FINAL = re.compile(r"<\|channel\|>\s*final[^<]*<\|message\|>")
_MESSAGE_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>|\Z")
# Reasoning marked by phrases, followed by the answer: the channels of gpt-oss without the special
# tokens (dropped by the tokeniser), and Granite 3.2.
_WORDS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\A\s*analysis.*assistantfinal(?P<text>.*)\Z",
        r"\A\s*Here(?:'s| is) my thought process:.*Here(?:'s| is) my response:(?P<text>.*)\Z",
    )
)
# Truncated reasoning: these beginnings do not occur in text that people write.
_CUT_OFF = re.compile(r"\A\s*(?:analysis(?=[A-Z])|Here(?:'s| is) my thought process:)")


class SplitText(NamedTuple):
    """The two parts of a text: its reasoning, None if there is none, and its answer, "" if it has
    none.
    """

    reasoning: str | None
    answer: str


def split_reasoning(text: str) -> SplitText:
    """Split a text at the known markers into reasoning and answer.

    If a text has only `<answer>` tags, its reasoning is an empty string.
    """
    if not has_reasoning(text):
        return SplitText(None, text)
    reasoning, answer = _split(text, final_answer(text), _TRACE)
    return SplitText(_ANSWER.sub("", reasoning).strip(), answer)


def split_at_markers(text: str, start: str, end: str) -> SplitText:
    """Split a text at the markers `start` and `end` of its reasoning, which are plain strings.

    An empty `start` occurs nowhere.
    """
    opening = re.escape(start) or "(?!)"
    markers = re.compile(f"(?P<open>{opening})|(?P<close>{re.escape(end)})")
    if not markers.search(text):
        return SplitText(None, text)
    reasoning, answer = _split(text, _without_traces(text, markers), markers)
    return SplitText(reasoning.strip(), answer)


def _split(text: str, answer: str | None, markers: re.Pattern[str]) -> tuple[str, str]:
    """Return the text before the answer without the markers, and the answer.

    The whole text is reasoning if there is no answer, or if the answer is not in one piece.
    """
    at = text.rfind(answer) if answer else len(text)
    return markers.sub("", text[:at] if at >= 0 else text), answer or ""


def opening_marker(prompt: str) -> str:
    """Return the known marker at the end of a prompt, after which an output begins as reasoning.

    Return "" if the prompt ends with no marker.
    """
    match = _OPEN_AT_END.search(prompt[-_LONGEST_MARKER:])
    return match[0] if match else ""


def marker_tokens(tokens: Collection[str]) -> set[str]:
    """Return the `tokens` that are markers of reasoning, among the special tokens of a model."""
    markers = {token for token in tokens if has_reasoning(token)}
    return markers | (_CHANNEL_TOKENS.intersection(tokens) if _CHANNEL in markers else set())


def reasoning_end(text: str) -> int:
    """Return the position after the last known marker that ends reasoning; 0 if there is none."""
    ends = [match.end() for match in _TRACE.finditer(text) if match["close"]]
    ends += [match.end() for match in _FINAL.finditer(text)]
    ends += [match.start("text") for form in _WORDS if (match := form.match(text))]
    return max(ends, default=0)


# A pattern that matches every text for which `has_reasoning` is true.
_PERHAPS = r"[<\[◁]|analysis|Here"


def perhaps_reasoning(values: Sequence[object]) -> list[str]:
    """Return the strings in `values` that may contain reasoning, according to a fast check."""
    if not isinstance(values, Texts):
        return [value for value in values if isinstance(value, str)]
    import pyarrow.compute as pc

    texts: list[str] = values.array.filter(
        pc.match_substring_regex(values.array, _PERHAPS)
    ).to_pylist()
    return texts


def has_reasoning(text: str) -> bool:
    """Return whether a text contains a marker of reasoning or a tag around an answer."""
    return (
        _CHANNEL in text
        or _TRACE.search(text) is not None
        or _ANSWER.search(text) is not None
        or _in_words(text)
    )


def _in_words(text: str) -> bool:
    return any(form.match(text) for form in (*_WORDS, _CUT_OFF))


def final_answer(text: str) -> str | None:
    """Return the answer in a text without the reasoning; None if the reasoning has no end.

    A text without markers is returned unchanged. Of several `<answer>` tags, the last nonempty one
    counts. The removal of markers can create new markers, so it is repeated; each nesting level
    requires a text twice as long, so there are few levels.
    """
    while has_reasoning(text):
        shorter = _without_markers(text)
        if shorter is None:
            return None
        text = shorter
    return text


def _without_markers(text: str) -> str | None:
    """Remove the first type of marker that a text has: channels, phrases, traces, or answer tags.

    Return None if the reasoning has no end.
    """
    if _CHANNEL in text:
        return _final_channel(text)
    if _in_words(text):
        match = next(filter(None, (form.match(text) for form in _WORDS)), None)
        return match["text"].strip() if match else None
    if _TRACE.search(text):
        return _without_traces(text)
    return _tagged_answer(text)


def _final_channel(text: str) -> str | None:
    """Return the last message in the channel `final`; None if there is none."""
    final: str | None = None
    at = text.find(_CHANNEL)
    while at >= 0 and (message := text.find(_MESSAGE, at + len(_CHANNEL))) >= 0:
        name = _CHANNEL_NAME.match(text, at + len(_CHANNEL))
        start = message + len(_MESSAGE)
        end = _MESSAGE_END.search(text, start)
        assert name and end
        if name[1] == "final":
            final = text[start : end.start()].strip()
        at = text.find(_CHANNEL, end.start())
    return final


def _without_traces(text: str, markers: re.Pattern[str] = _TRACE) -> str | None:
    """Remove reasoning traces; `markers` matches their markers.

    A trace can begin in the prompt and then has only a closing marker. Return None if a trace has
    no end.
    """
    pieces: list[str] = []
    start, inside = 0, False
    for marker in markers.finditer(text):
        if marker["close"] and not inside:
            pieces.clear()
        elif not inside:
            pieces.append(text[start : marker.start()])
        inside, start = bool(marker["open"]), marker.end()
    return None if inside else "".join([*pieces, text[start:]]).strip()


def _tagged_answer(text: str) -> str:
    """Return the content of the last nonempty `<answer>` tag.

    If the opening tag is missing (it is in the prompt), the answer begins at the start of the text;
    if the closing tag is missing (a stop sequence removed it), the answer ends at the end of the
    text.
    """
    tags = list(_ANSWER.finditer(text))
    ends = [tag.start() for tag in tags] + [len(text)]
    pieces = [(tag.end(), ends[at + 1]) for at, tag in enumerate(tags) if tag["begin"]]
    pieces = pieces or [(0, ends[0])]
    return next(filter(None, (text[a:b].strip() for a, b in reversed(pieces))), "")
