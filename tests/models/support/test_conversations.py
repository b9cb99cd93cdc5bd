"""The parts of a conversation, each sort in its order."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmbench.errors import SampleError
from mmbench.models.support.conversations import only_sound, split_parts
from mmbench.types import Audio, Message, VideoFrames

PICTURES = [Image.new("RGB", (side, 1)) for side in (1, 2)]
SOUNDS = [Audio(np.zeros(n, np.float32), 16000) for n in (3, 4)]
CLIP = VideoFrames(np.zeros((1, 2, 2, 3), np.uint8), (0.0,))


def test_parts_of_several_messages_are_sorted_and_none_is_lost() -> None:
    parts = split_parts(
        [
            Message("system", ("be brief", PICTURES[0])),
            Message("user", (SOUNDS[0], "what", CLIP, PICTURES[1], "", SOUNDS[1])),
        ]
    )
    assert parts.texts == ["be brief", "what", ""]
    assert parts.images == PICTURES
    assert parts.videos == [CLIP]
    assert parts.sounds == SOUNDS


def test_an_empty_conversation_has_no_parts() -> None:
    assert not any(split_parts([]))
    assert not any(split_parts([Message("user", ())]))


def test_the_only_sound_may_stand_among_other_parts() -> None:
    assert only_sound([Message("user", ("hear", SOUNDS[1], CLIP))]) is SOUNDS[1]


@pytest.mark.parametrize("count", [0, 2])
def test_no_sound_and_two_sounds_are_refused(count: int) -> None:
    with pytest.raises(SampleError, match=f"one audio clip per sample; .* has {count}"):
        only_sound([Message("user", (sound,)) for sound in SOUNDS[:count]])
