"""Selection of the parts of a conversation by modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import SampleError
from mmbench.types import Audio, Message, VideoFrames

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.types import DecodedPart


class ConversationParts(NamedTuple):
    """The parts of all messages of a conversation by modality, in conversation order."""

    texts: list[str]
    images: list[Image]
    videos: list[VideoFrames]
    sounds: list[Audio]


def split_parts(conversation: Sequence[Message[DecodedPart]]) -> ConversationParts:
    """Split the parts of all messages by modality."""
    parts = [part for message in conversation for part in message.parts]
    return ConversationParts(
        texts=[part for part in parts if isinstance(part, str)],
        images=[part for part in parts if not isinstance(part, str | VideoFrames | Audio)],
        videos=[part for part in parts if isinstance(part, VideoFrames)],
        sounds=[part for part in parts if isinstance(part, Audio)],
    )


def only_sound(conversation: Sequence[Message[DecodedPart]]) -> Audio:
    """Return a conversation's audio clip. Raises SampleError unless there is exactly one."""
    sounds = split_parts(conversation).sounds
    if len(sounds) != 1:
        raise SampleError(
            f"a speech recogniser takes one audio clip per sample; this sample has {len(sounds)}"
        )
    return sounds[0]
