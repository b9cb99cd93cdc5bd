"""Limits of pixels: the arithmetic of qwen-vl-utils 0.0.14 as numbers, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmbench.errors import ContentError, ModelError
from mmbench.models.chat.adapters import AudioLlm, Llava, VideoLlm
from mmbench.models.support.pixel_limits import (
    PixelLimits,
    VideoPixelLimits,
    frame_range,
    smart_resize,
)
from mmbench.validation.named_values import function_options
from tests.support.checkpoints import chat

QWEN2, QWEN3 = 28, 32  # pixels of a side that become one token


@pytest.mark.parametrize(
    ("video", "factor", "limits", "pixels", "size"),
    [  # the arguments and the result of smart_resize within fetch_video of qwen-vl-utils 0.0.14
        ((8, 1080, 1920), QWEN2, {}, (100352, 602112), (560, 1008)),
        ((768, 720, 1280), QWEN2, {}, (100352, 235200), (336, 644)),
        ((2, 240, 320), QWEN2, {}, (100352, 602112), (280, 392)),
        ((4, 50, 4000), QWEN2, {}, (100352, 602112), (56, 4004)),
        ((64, 720, 1280), QWEN2, {"total_pixels": 24576 * 784}, (100352, 602112), (560, 1008)),
        ((128, 1080, 1920), QWEN3, {"total_pixels": 20480 * 1024}, (131072, 327680), (416, 736)),
        ((16, 480, 640), QWEN2, {"max_pixels": 360 * 420}, (100352, 151200), (336, 448)),
        ((8, 1080, 1920), QWEN2, {"max_pixels": 2_000_000}, (100352, 602112), (560, 1008)),
        ((32, 96, 64), QWEN2, {"min_pixels": 12544, "max_pixels": 50176}, (12544, 50176),
         (140, 112)),
        ((768, 1080, 1920), QWEN2, {"min_pixels": 78400, "total_pixels": 784000},
         (78400, 82320), (196, 364)),
    ],
    ids=str,
)  # fmt: skip
def test_frames_have_the_sizes_of_qwen_vl_utils(
    video: tuple[int, int, int],
    factor: int,
    limits: dict[str, int],
    pixels: tuple[int, int],
    size: tuple[int, int],
) -> None:
    n, height, width = video
    assert frame_range(VideoPixelLimits(**limits), n, factor) == pixels
    assert smart_resize(height, width, factor, *pixels) == size


def test_a_side_never_vanishes_and_a_ratio_above_200_is_refused() -> None:
    assert smart_resize(20, 4000, 28, 1, 28 * 280) == (28, 1232)
    with pytest.raises(ContentError, match=r"^the frames have 4001 x 20 pixels; one side is"):
        smart_resize(20, 4001, 28, 1, 28 * 280)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"min_pixels": 0}, "option min_pixels=0 must be an integer from 1 on"),
        ({"total_pixels": -1}, "option total_pixels=-1 must be an integer from 1 on"),
        ({"min_pixels": 9, "max_pixels": 8},
         "option max_pixels=8 is below the smallest number of pixels of an image, 9; give a smaller"
         " min_pixels"),
    ],
    ids=str,
)  # fmt: skip
def test_limits_that_do_not_fit_are_refused(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        VideoPixelLimits(**limits)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["min_pixels", "max_pixels"])
@pytest.mark.parametrize("build", [chat.llava, chat.idefics2])
def test_a_processor_without_such_limits_refuses_them(
    name: str, build: Any, tmp_path: Path
) -> None:
    folder = build(tmp_path)
    limits = PixelLimits(**{name: 3136})
    with pytest.raises(ModelError) as caught:
        Llava(folder, device="cpu", dtype="float32", pixels=limits)
    message = str(caught.value)
    assert message.startswith(f"checkpoint {folder}: ")
    assert message.endswith(f" has no pixel limits; leave out {name}")


def test_only_models_that_resize_have_the_options() -> None:
    images, videos = {"min_pixels", "max_pixels"}, {"min_pixels", "max_pixels", "total_pixels"}
    for cls, names in ((Llava, images), (VideoLlm, videos), (AudioLlm, set())):
        assert videos & function_options(cls).keys() == names
