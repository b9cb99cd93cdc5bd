"""Frames and pixels of videos and images of Qwen-VL models, compared with qwen-vl-utils.

`make test-torchvision` runs this file in an environment that has torchvision and qwen-vl-utils.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.errors import ModelError
from mmbench.media import decode_video, frame_indices
from mmbench.models.chat.adapters import Llava, VideoLlm
from mmbench.models.support.frame_options import FrameOptions
from mmbench.models.support.pixel_limits import PixelLimits, VideoPixelLimits
from mmbench.types import GeneratedText, GenerationConfig
from tests.support.command_line import run_record
from tests.support.conversations import user
from tests.support.files import write_lines
from tests.support.media.images import noise_image
from tests.support.media.videos import video_bytes

if find_spec("torchvision") is None or find_spec("qwen_vl_utils") is None:
    pytest.skip("needs torchvision and qwen-vl-utils", allow_module_level=True)

from qwen_vl_utils import vision_process

from tests.support.checkpoints import video_chat

CPU = {"device": "cpu", "dtype": "float32"}
SHORT = GenerationConfig(max_tokens=8)
PATCHES = {"2": 14, "2.5": 14, "3": 16}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("qwen")
    return {name: video_chat.qwen_vl(root / name, name) for name in PATCHES}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence its warnings that a video has fewer frames than its rate asks for."""
    vision_process.logger.disabled = True
    yield
    vision_process.logger.disabled = False


def read_by_pyav(ele: dict[str, Any]) -> tuple[torch.Tensor, dict[str, Any], float]:
    """Read a video for qwen-vl-utils: its own readers need libraries that are not installed.

    After its readers for decord and torchcodec.
    """
    with av.open(ele["video"]) as container:
        rate = float(container.streams.video[0].average_rate)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    n = vision_process.smart_nframes(ele, total_frames=len(frames), video_fps=rate)
    numbers = torch.linspace(0, len(frames) - 1, n).round().long().tolist()
    video = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)[numbers]
    metadata = {"fps": rate, "frames_indices": numbers, "total_num_frames": len(frames)}
    return video, metadata, n / len(frames) * rate


@pytest.fixture
def fetch_video(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setitem(vision_process.VIDEO_READER_BACKENDS, "pyav", read_by_pyav)
    monkeypatch.setattr(vision_process, "get_video_reader_backend", lambda: "pyav")
    fetch: Callable[..., Any] = vision_process.fetch_video
    return fetch


def film(tmp_path: Path, seconds: float = 3.0, size: tuple[int, int] = (270, 480)) -> Path:
    """Save noise that is large enough to be scaled down."""
    draws = np.random.default_rng(int(seconds * 10))
    coarse = draws.integers(0, 255, (round(seconds * 10), 27, 48, 3), dtype=np.uint8)
    frames = coarse.repeat(size[0] // 27, axis=1).repeat(size[1] // 48, axis=2)
    path = tmp_path / f"{seconds}.mp4"
    path.write_bytes(video_bytes(frames, rate=10))
    return path


def test_the_numbers_of_frames_are_those_of_qwen_vl_utils() -> None:
    rates, wanted = (0.5, 8, 24, 25.0, 30000 / 1001, 60), (0.1, 1, 2.0, 3.7, 30)
    lengths, caps = (2, 3, 5, 17, 100, 299, 1000, 9999), ((4, 768), (1, 32), (7, 33), (16, 64))
    for n, rate, fps, (least, most) in itertools.product(lengths, rates, wanted, caps):
        options = FrameOptions(fps=fps, min_frames=least, max_frames=most)
        ele = {"fps": fps, "min_frames": least, "max_frames": most}
        count = vision_process.smart_nframes(ele, total_frames=n, video_fps=rate)
        expected = torch.linspace(0, n - 1, count).round().long().tolist()
        assert frame_indices(n, options.selection, None, rate) == expected, (n, rate, ele)
        plain = vision_process.smart_nframes({"fps": fps}, total_frames=n, video_fps=rate)
        assert len(frame_indices(n, FrameOptions(fps=fps).selection, None, rate)) == plain


@pytest.mark.parametrize("generation", list(PATCHES))
@pytest.mark.parametrize(
    "limits",
    [
        {"total_pixels": 24576 * 28 * 28},
        {"min_pixels": 16 * 784, "max_pixels": 60_000},
        {"min_pixels": 4 * 1024, "max_pixels": 500_000, "total_pixels": 100_000},
        {"min_pixels": 300_000, "max_pixels": 500_000},
    ],
    ids=json.dumps,
)
def test_a_model_sees_the_pixels_of_qwen_vl_utils(
    generation: str,
    limits: dict[str, int],
    folders: dict[str, Path],
    tmp_path: Path,
    fetch_video: Callable[..., Any],
) -> None:
    path, folder = film(tmp_path), folders[generation]
    model = VideoLlm(
        folder, **CPU, frame_options=FrameOptions(fps=2.0), pixels=VideoPixelLimits(**limits)
    )
    clip = decode_video(path.read_bytes(), path.name, model.frames)
    prepared = model.prepare(user(clip, "what"), "conversation")
    inputs = model._inputs([prepared])
    video, metadata = fetch_video(
        {"video": str(path), "fps": 2.0, **limits},
        image_patch_size=PATCHES[generation],
        return_video_metadata=True,
    )
    expected = tf.AutoProcessor.from_pretrained(folder)(
        text=prepared.text,
        videos=[video],
        video_metadata=[metadata | {"duration": 3.0}],
        do_resize=False,
        do_sample_frames=False,
        return_tensors="pt",
    )
    assert clip.seconds == pytest.approx([number / 10 for number in metadata["frames_indices"]])
    assert inputs["video_grid_thw"].tolist() == expected["video_grid_thw"].tolist()
    assert torch.equal(inputs["pixel_values_videos"], expected["pixel_values_videos"])
    assert inputs["input_ids"].tolist() == expected["input_ids"].tolist()  # Qwen3-VL: times too
    if generation == "2.5":
        steps = [float(values["second_per_grid_ts"][0]) for values in (inputs, expected)]
        assert steps[0] == pytest.approx(steps[1])


def test_videos_of_different_sizes_share_a_batch(folders: dict[str, Path], tmp_path: Path) -> None:
    limits = VideoPixelLimits(min_pixels=784, max_pixels=20_000, total_pixels=60_000)
    model = VideoLlm(folders["2.5"], **CPU, frame_options=FrameOptions(fps=2.0), pixels=limits)
    paths = [film(tmp_path, 3.0), film(tmp_path, 6.0), film(tmp_path, 3.2, (480, 270 // 48 * 48))]
    clips = [decode_video(path.read_bytes(), path.name, model.frames) for path in paths]
    assert [len(clip.seconds) for clip in clips] == [6, 12, 6]
    prepared = [model.prepare(user(clip, "what"), "conversation") for clip in clips]
    alone = [model.write([one], SHORT)[0] for one in prepared]
    assert all(isinstance(answer, GeneratedText) for answer in alone), alone
    assert model.write(prepared, SHORT) == alone


@pytest.mark.parametrize("cls", [Llava, VideoLlm])
@pytest.mark.parametrize(
    "limits",
    [
        {"min_pixels": 28 * 28 * 6, "max_pixels": 28 * 28 * 12},
        {"max_pixels": 28 * 28 * 2},
        {"min_pixels": 28 * 28 * 3},
    ],
    ids=json.dumps,
)
def test_an_image_has_the_pixels_of_the_processor_with_these_sizes(
    cls: Any, limits: dict[str, int], folders: dict[str, Path]
) -> None:
    if cls is VideoLlm:
        limits = limits | {"min_pixels": limits.get("min_pixels", 784)}  # a frame has a larger one
    kind = VideoPixelLimits if cls is VideoLlm else PixelLimits
    model = cls(folders["2"], **CPU, pixels=kind(**limits))
    images = [noise_image(1).resize(size) for size in ((150, 90), (30, 20))]
    prepared = model.prepare(user(*images, "what"), "conversation")
    inputs = model._inputs([prepared])
    processor = Llava(folders["2"], **CPU)._processor  # its image processor is that of Pillow
    whole = {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 4}  # QWEN_SIDES
    given = {"min_pixels": "shortest_edge", "max_pixels": "longest_edge"}
    size = whole | {given[name]: value for name, value in limits.items()}
    expected = processor.image_processor(images, size=size, return_tensors="pt")
    assert inputs["image_grid_thw"].tolist() == expected["image_grid_thw"].tolist()
    assert torch.equal(inputs["pixel_values"], expected["pixel_values"])
    plain = processor.image_processor(images, return_tensors="pt")
    assert plain["image_grid_thw"].tolist() != expected["image_grid_thw"].tolist()


def test_limits_that_leave_no_size_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    small = PixelLimits(max_pixels=100)
    with pytest.raises(
        ModelError, match="max_pixels=100 is below the smallest number of pixels of an image"
    ):
        Llava(folders["2"], **CPU, pixels=small)
    large = PixelLimits(min_pixels=9999)
    with pytest.raises(
        ModelError, match="min_pixels=9999 is above the largest number of pixels of"
    ):
        Llava(folders["2"], **CPU, pixels=large)
    frames = VideoPixelLimits(max_pixels=50_176)
    with pytest.raises(ModelError, match="smallest number of pixels of a frame of a video, 100352"):
        VideoLlm(folders["2"], **CPU, pixels=frames)
    smolvlm = video_chat.smolvlm(tmp_path)
    total = VideoPixelLimits(total_pixels=1_000_000)
    with pytest.raises(ModelError, match="has no pixel limits; leave out total"):
        VideoLlm(smolvlm, **CPU, pixels=total)


def test_without_limits_the_processor_resizes(folders: dict[str, Path], tmp_path: Path) -> None:
    path = film(tmp_path)
    model = VideoLlm(folders["2"], **CPU, frame_options=FrameOptions(fps=2.0))
    clip = decode_video(path.read_bytes(), path.name, model.frames)
    inputs = model._inputs([model.prepare(user(clip, "what"), "conversation")])
    assert inputs["video_grid_thw"].tolist() == [[3, 12, 20]]  # 168 x 280 of 64 · 784 pixels


def test_a_run_records_rate_and_limits(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"id": n, "video": film(tmp_path, n + 2.0).name, "question": "what?", "answer": "x"}
        for n in range(3)
    ]
    data = str(write_lines(tmp_path / "ref.jsonl", *rows))
    command = ["run", "-m", f"video-llm@{folders['2.5']}", "-t", "answers", "--data", data]
    command += ["--device", "cpu", "--dtype", "float32", "--out", str(tmp_path / "out")]
    plain = run_record(capsys, *command)
    options = {"fps": 2.0, "max_frames": 6, "total_pixels": 40_000, "min_pixels": 784}
    given = [word for name in options for word in ("--model-arg", f"{name}={options[name]}")]
    record = run_record(capsys, *command, *given)
    assert record["counts"]["failed"] == 0
    assert record["model"]["options"].items() >= options.items()
    assert record["model"]["hash"] != plain["model"]["hash"]
