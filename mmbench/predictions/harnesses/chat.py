"""Texts and media in the chat messages that EvalScope and inspect_ai store.

A message has a `role` and a `content`: a string, or a list of parts with the types `text`,
`reasoning`, `image`, `audio`, `video` and others. Read in modelscope/evalscope at fde259d2
(2026-08-22), `evalscope/api/messages/chat_message.py` and `content.py`, and in
UKGovernmentBEIS/inspect_ai at 499e6152 (2026-08-22), `src/inspect_ai/_util/content.py`; EvalScope
took these classes over from inspect_ai.
"""

from __future__ import annotations

from collections.abc import Mapping

from mmbench.predictions.harnesses.json_values import as_cells, media_names, objects

_ASKED = ("system", "user")
_ATTACHMENT = "attachment://"


def content_text(content: object) -> str | None:
    """Return the text of a message's content, without reasoning; None if it is not a content.

    As in the property `text` of both programs, the texts of several parts are joined by a line end.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part for part in objects(content) if part.get("type") == "text"]
    return "\n".join(str(part.get("text", "")) for part in parts)


def choice_texts(output: object) -> list[str]:
    """Return the text of each choice in a model output, {"choices": [{"message": …}]}."""
    messages = [one.get("message") for one in objects(as_cells(output).get("choices"))]
    texts = [content_text(one.get("content")) for one in objects(messages)]
    return [text for text in texts if text is not None]


def prompt_text(messages: object) -> str:
    """Return the text of an input: a string, or the texts of its system and user messages."""
    if isinstance(messages, str):
        return messages
    turns = [turn for turn in objects(messages) if turn.get("role") in _ASKED]
    texts = [content_text(turn.get("content")) for turn in turns]
    return "\n".join(text for text in texts if text)


def prompt_media(messages: object) -> list[str]:
    """Return the paths and URLs of the media in messages."""
    return list(dict.fromkeys(media_names(messages, depth=6)))


def with_attachments(value: object, attachments: Mapping[str, str]) -> object:
    """Return nested values with the texts that inspect_ai moved to the attachments of a sample."""
    if isinstance(value, str) and value.startswith(_ATTACHMENT):
        return attachments.get(value.removeprefix(_ATTACHMENT), value)
    if isinstance(value, list):
        return [with_attachments(inner, attachments) for inner in value]
    if isinstance(value, dict):
        return {name: with_attachments(inner, attachments) for name, inner in value.items()}
    return value
