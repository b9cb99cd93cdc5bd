"""What adapters look for in a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmbench.errors import SampleError
from mmbench.types import Message, Sound

if TYPE_CHECKING:
    from mmbench.types import DecodedPart


def only_sound(conversation: Sequence[Message[DecodedPart]]) -> Sound:
    """The one sound of a conversation. Raises SampleError where there is none, or another one."""
    parts = [part for message in conversation for part in message.parts]
    sounds = [part for part in parts if isinstance(part, Sound)]
    if len(sounds) != 1:
        raise SampleError(f"a speech recogniser takes one sound, and was given {len(sounds)}")
    return sounds[0]
