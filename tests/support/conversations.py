"""Conversations with models that write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmbench.types import GenerationConfig, Message

SHORT = GenerationConfig(max_tokens=10)


def user_message(*parts: Any) -> Message:
    """Return a message of the user made of texts and media."""
    return Message("user", parts)


def user(*parts: Any) -> tuple[Message, ...]:
    """Return the conversation that one message of the user is."""
    return (user_message(*parts),)


def prepared(model: Any, conversations: Iterable[tuple[Message, ...]]) -> list[Any]:
    """Return conversations as the model prepares them."""
    return [model.prepare(turns, "conversation") for turns in conversations]


def replies(
    model: Any, conversations: Iterable[tuple[Message, ...]], options: GenerationConfig = SHORT
) -> list[Any]:
    """Return what the model writes to each conversation, or its error."""
    return list(model.write(prepared(model, conversations), options))
