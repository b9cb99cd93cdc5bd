"""Remove what a model wrote while it reasoned, so that only its answer is left.

Formats: tags such as `<think>…</think>` (DeepSeek-R1, Qwen3, GLM-4.1V; the prompt often writes the
opening tag, so that only the closing one is in the output), `[THINK]…[/THINK]` (Magistral),
`<seed:think>` (Seed-OSS), `<|START_THINKING|>` (Command A), `<|begin_of_thought|>` (Sky-T1),
`◁think▷…◁/think▷` (Kimi-VL), the channels of gpt-oss (openai/harmony), and `<answer>…</answer>`
around the answer (R1-style training).
"""

from __future__ import annotations

import re

NO_ANSWER = "no-answer"  # the tag of an output in which no answer follows the reasoning

_NAMES = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning)"
_OPEN = (
    rf"<\s*{_NAMES}\s*>|\[think\]|◁\s*think\s*▷"
    r"|<\|start_thinking\|>|<\|begin_of_thought\|>"
)
_CLOSE = (
    rf"<\s*/\s*{_NAMES}\s*>|\[/think\]|◁\s*/\s*think\s*▷"
    r"|<\|end_thinking\|>|<\|end_of_thought\|>"
)
_TRACE = re.compile(f"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE)

_ANSWER = re.compile(r"<\s*(?P<end>/?)\s*answer\s*>", re.IGNORECASE)

_CHANNEL = "<|channel|>"
# A message of gpt-oss: its channel, other words of the header, and what stands in it.
_MESSAGE = re.compile(
    r"<\|channel\|>\s*(?P<channel>\w*).*?<\|message\|>(?P<text>.*?)"
    r"(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL,
)
# The same where the tokeniser left out the special tokens.
_BARE_CHANNELS = re.compile(r"\A\s*analysis.*assistantfinal(?P<text>.*)\Z", re.DOTALL)


def has_reasoning(text: str) -> bool:
    """Return whether a text contains a marker of reasoning, or a tag around the answer."""
    return (
        _CHANNEL in text
        or _TRACE.search(text) is not None
        or _ANSWER.search(text) is not None
        or _BARE_CHANNELS.match(text) is not None
    )


def final_answer(text: str) -> str | None:
    """Return the answer in a text without the reasoning, or None if the reasoning has no end.

    A text without markers is returned as it is. Of several `<answer>` the last one counts.
    """
    while has_reasoning(text):
        shorter = _without_markers(text)
        if shorter is None:
            return None
        text = shorter
    return text


def _without_markers(text: str) -> str | None:
    """Remove one kind of markers: channels, else traces, else the tags around the answer."""
    if _CHANNEL in text:
        return _final_channel(text)
    bare = _BARE_CHANNELS.match(text)
    if bare:
        return bare["text"].strip()
    if _TRACE.search(text):
        return _without_traces(text)
    return _tagged_answer(text)


def _final_channel(text: str) -> str | None:
    """Return the last message of the channel `final`, None if there is none."""
    found = [match["text"] for match in _MESSAGE.finditer(text) if match["channel"] == "final"]
    return found[-1].strip() if found else None


def _without_traces(text: str) -> str | None:
    """Remove the traces; a closing marker alone ends a trace that began before the text."""
    kept: list[str] = []
    start, inside = 0, False
    for marker in _TRACE.finditer(text):
        if not inside:
            kept = [*kept, text[start : marker.start()]] if marker["open"] else []
        inside, start = bool(marker["open"]), marker.end()
    return None if inside else "".join([*kept, text[start:]]).strip()


def _tagged_answer(text: str) -> str:
    """Return what stands in the last `<answer>`; a missing tag is the end of the text on its side.

    Stop sequences cut the closing tag off, and prompts write the opening one.
    """
    tags = list(_ANSWER.finditer(text))
    opens = [tag.end() for tag in tags if not tag["end"]]
    start = opens[-1] if opens else 0
    ends = [tag.start() for tag in tags if tag["end"] and tag.start() >= start]
    return text[start : ends[0] if ends else len(text)].strip()
