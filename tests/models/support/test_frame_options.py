"""The options that select frames of a video: defaults, ranges, conflicts."""

from __future__ import annotations

from typing import Any

import pytest

from mmbench.errors import ModelError
from mmbench.models.api.adapter import Api
from mmbench.models.api.serve import Serve
from mmbench.models.chat.adapters import VideoLlm
from mmbench.models.support.frame_options import FrameOptions
from mmbench.types import Frames
from mmbench.validation.named_values import function_options


@pytest.mark.parametrize(
    ("options", "selection", "recorded"),
    [
        ({}, Frames(8), {"frames": 8}),
        ({"frames": 3}, Frames(3), {"frames": 3}),
        ({"fps": 2.0}, Frames(768, fps=2.0, minimum=4),
         {"fps": 2.0, "min_frames": 4, "max_frames": 768}),
        ({"fps": 0.5, "max_frames": 64, "min_frames": 2}, Frames(64, fps=0.5, minimum=2),
         {"fps": 0.5, "min_frames": 2, "max_frames": 64}),
    ],
    ids=str,
)  # fmt: skip
def test_options_select_frames(
    options: dict[str, Any], selection: Frames, recorded: dict[str, Any]
) -> None:
    assert FrameOptions(**options).selection == selection
    assert FrameOptions(**options).recorded() == recorded


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 0}, "option frames=0 must be an integer from 1 on"),
        ({"fps": 0.0}, "option fps=0.0 must be a number above 0 and at most 1000"),
        ({"fps": float("nan")}, "option fps=nan must be a number above 0 and at most 1000"),
        ({"fps": 1.0, "max_frames": 1}, "option max_frames=1 must be an integer from 2 on"),
        ({"fps": 1.0, "min_frames": 0}, "option min_frames=0 must be an integer from 1 on"),
        ({"fps": 1.0, "frames": 8},
         "options frames and fps exclude each other; give only one of them"),
        ({"max_frames": 8}, "option max_frames has no effect without fps; give fps too"),
        ({"fps": 1.0, "max_frames": 2},
         "option min_frames=4 must be at most max_frames=2"),
    ],
    ids=str,
)  # fmt: skip
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        FrameOptions(**options)
    assert str(caught.value) == message


@pytest.mark.parametrize("cls", [Api, Serve, VideoLlm])
def test_all_models_of_videos_have_the_options(cls: Any) -> None:
    options = function_options(cls)
    groups = {options[name].group for name in FrameOptions.__struct_fields__}
    assert groups == {"frame_options"}
