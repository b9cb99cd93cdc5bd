"""Models whose processors of videos need torchvision: held to transformers alone.

`make test-torchvision` runs this file in an environment that has it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import SampleError
from mmbench.models.chat.adapters import ChatOptions, Llava, VideoLlm
from mmbench.models.classifiers import VideoClassifier
from mmbench.models.support.frame_options import FrameOptions
from mmbench.spec import load_task
from mmbench.types import Frames, GeneratedText, GenerationConfig, Message, VideoFrames
from tests.project.test_families import playable
from tests.support.checkpoints import chat
from tests.support.layouts import captions, classification

if find_spec("torchvision") is None:
    pytest.skip("needs torchvision (extra `video`)", allow_module_level=True)

from tests.support.checkpoints import video_chat
from tests.support.command_line import run_record
from tests.support.conversations import user
from tests.support.media.images import noise_image

CPU = {"device": "cpu", "dtype": "float32"}
SHORT = GenerationConfig(max_tokens=8)
RATE = 10  # frames a second of the videos that the clips below are taken from
FAMILIES: dict[str, Callable[[Path], Path]] = {
    "llava-next-video": video_chat.llava_next_video,
    "video-llava": video_chat.video_llava,
    "llava-onevision": video_chat.llava_onevision,
    "smolvlm": video_chat.smolvlm,
    "qwen2-vl": lambda folder: video_chat.qwen_vl(folder, "2"),
    "qwen2.5-vl": lambda folder: video_chat.qwen_vl(folder, "2.5"),
    "qwen3-vl": lambda folder: video_chat.qwen_vl(folder, "3"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("video")
    return {name: build(root / name) for name, build in FAMILIES.items()}


def indices(seconds: int) -> list[int]:
    """Of a video of so many seconds, the frames in the middle of eight equal parts."""
    return [int((part + 0.5) * seconds * RATE / 8) for part in range(8)]


def clip(seed: int, seconds: int = 8) -> VideoFrames:
    draws = np.random.default_rng(seed)
    frames = draws.integers(0, 255, (8, 48, 64, 3), dtype=np.uint8)
    return VideoFrames(frames, tuple(frame / RATE for frame in indices(seconds)))


def asked() -> list[tuple[Message, ...]]:
    seen = [user(clip(i, 8 * (i + 1)), "what is it" + " now" * i) for i in range(4)]
    more = [user("here", clip(5), "and there", clip(6, 80), "differ?"), user("no video")]
    images = [user(noise_image(1), "and an image"), user(noise_image(2), "one more")]
    return [*seen, *more, *images]


@pytest.mark.parametrize("name", list(FAMILIES))
def test_answers_do_not_depend_on_the_batch(name: str, folders: dict[str, Path]) -> None:
    model = VideoLlm(folders[name], **CPU)
    prepared = [model.prepare(conversation, "conversation") for conversation in asked()]
    alone = [model.write([one], SHORT)[0] for one in prepared]
    assert all(isinstance(answer, GeneratedText) for answer in alone), alone
    assert model.write(prepared, SHORT) == alone
    assert len({str(answer) for answer in alone}) > 2


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "video-llava"])
def test_videos_may_have_different_numbers_of_frames(name: str, folders: dict[str, Path]) -> None:
    model = VideoLlm(folders[name], **CPU, frame_options=FrameOptions(fps=1.0))
    assert model.frames == Frames(768, fps=1.0, minimum=4)
    whole = clip(3)
    counts = (4, 8, 6, 4, 8, 2 if name == "qwen3-vl" else 1)  # Qwen3-VL refuses one frame
    clips = [VideoFrames(whole.frames[:n], whole.seconds[:n], float(n)) for n in counts]
    turns = [user(one, "what is it" + " now" * i) for i, one in enumerate(clips)]
    if name.startswith(("qwen", "smol")):  # the others stack the videos of a conversation
        turns.append(user(clips[0], "and", clips[1]))
    prepared = [model.prepare(conversation, "conversation") for conversation in turns]
    alone = [model.write([one], SHORT)[0] for one in prepared]
    assert all(isinstance(answer, GeneratedText) for answer in alone), alone
    assert model.write(prepared, SHORT) == alone


def test_the_duration_of_a_video_is_told_if_it_is_known(folders: dict[str, Path]) -> None:
    model = VideoLlm(folders["qwen2.5-vl"], **CPU, frame_options=FrameOptions(fps=2.0))
    clip_at_rate = VideoFrames(clip(3).frames, tuple(i * 3.9 / 7 for i in range(8)), 4.0)
    inputs = model._inputs([model.prepare(user(clip_at_rate, "what"), "conversation")])
    assert inputs["second_per_grid_ts"].tolist() == [1.0]  # 4 s in steps of two of eight frames


@pytest.mark.parametrize("name", list(FAMILIES))
def test_an_answer_is_that_of_transformers_alone(name: str, folders: dict[str, Path]) -> None:
    model = VideoLlm(folders[name], **CPU)
    prepared = model.prepare(user(clip(3, 80), "what is it"), "conversation")
    (answer,) = model.write([prepared], SHORT)
    processor = tf.AutoProcessor.from_pretrained(folders[name])
    net = tf.AutoModelForImageTextToText.from_pretrained(folders[name]).eval()
    turn = {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": "what is it"}]}
    shown = {"fps": RATE, "total_num_frames": 80 * RATE, "frames_indices": indices(80)}
    inputs = processor(
        text=processor.apply_chat_template([turn], add_generation_prompt=True),
        videos=[clip(3, 80).frames],
        video_metadata=[shown | {"duration": 80.0}],
        do_sample_frames=False,
        return_tensors="pt",
    )
    with torch.inference_mode():
        said = net.generate(**inputs, max_new_tokens=8, do_sample=False)
    text = processor.tokenizer.decode(
        said[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    assert isinstance(answer, GeneratedText)
    assert answer.text == text.strip()


def test_the_times_of_frames_stand_in_the_prompt(folders: dict[str, Path]) -> None:
    for name, times in (("smolvlm", ["00:05", "00:15", "01:15"]), ("qwen3-vl", ["<10.0 seconds>"])):
        model = VideoLlm(folders[name], **CPU)
        prepared = model.prepare(user(clip(3, 80), "what"), "conversation")
        prompt = model._tokenizer.decode(model._inputs([prepared])["input_ids"][0])
        assert all(time in prompt for time in times), prompt


def test_the_distance_of_frames_is_that_of_the_video(folders: dict[str, Path]) -> None:
    model = VideoLlm(folders["qwen2.5-vl"], **CPU)
    inputs = model._inputs([model.prepare(user(clip(3, 80), "what"), "conversation")])
    assert inputs["second_per_grid_ts"].tolist() == [20.0]  # two frames make a step


@pytest.mark.parametrize("name", ["smolvlm", "qwen2-vl"])
def test_a_template_without_a_place_for_videos_fails_the_sample(
    name: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "blind.jinja").write_text(chat.BLIND)
    model = VideoLlm(
        folders[name], **CPU, options=ChatOptions(template=str(tmp_path / "blind.jinja"))
    )
    with pytest.raises(SampleError, match="0 of 1 videos reached the model"):
        model.prepare(user(clip(1), "what"), "conversation")


@pytest.mark.parametrize("name", list(FAMILIES))
def test_the_same_folders_answer_about_images(name: str, folders: dict[str, Path]) -> None:
    model = Llava(folders[name], **CPU)
    prepared = [
        model.prepare(user(noise_image(i), "what" + "?" * i), "conversation") for i in range(4)
    ]
    assert model.write(prepared, SHORT) == [model.write([one], SHORT)[0] for one in prepared]


def test_v_jepa_2_classifies_as_in_transformers_alone(tmp_path: Path) -> None:
    folder = video_chat.vjepa2(tmp_path)
    model = VideoClassifier(folder, **CPU)
    assert model.frames.count == 4
    clips = [VideoFrames(clip(i).frames[:4], (0.0, 1.0, 2.0, 3.0)) for i in range(5)]
    prepared = [model.prepare(one, "video") for one in clips]
    logits = model.classify(prepared, "video")
    alone = np.concatenate([model.classify([one], "video") for one in prepared])
    processor = tf.AutoVideoProcessor.from_pretrained(folder)
    net = tf.VJEPA2ForVideoClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        bare = net(**processor([one.frames for one in clips], return_tensors="pt")).logits
    np.testing.assert_allclose(logits, alone, atol=1e-5)
    np.testing.assert_allclose(logits, bare.numpy(), atol=1e-5)


@pytest.mark.parametrize("name", [*FAMILIES, "v-jepa-2"])
def test_a_family_runs_a_task_of_its_kind(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = "kinetics400" if name == "v-jepa-2" else "msrvtt-caption"
    (tmp_path / "data").mkdir()
    if name == "v-jepa-2":
        classification.kinetics(tmp_path / "data")
        data = load_data(load_task(task), tmp_path / "data")
        assert isinstance(data, Samples)
        video_chat.vjepa2(tmp_path / "model", names=data.labels)
        model = f"video@{tmp_path / 'model'}"
    else:
        playable(captions.msrvtt)(tmp_path / "data")
        model = f"video-llm@{FAMILIES[name](tmp_path / 'model')}"
    run = ["run", "-m", model, "-t", task, "--data", str(tmp_path / "data"), "--device", "cpu"]
    run += ["--dtype", "float32", "--allow-failed", "100%", "--out", str(tmp_path / "out")]
    record = run_record(capsys, *run)
    assert record["scores"][record["headline"]]["value"] is not None
    assert record["counts"]["computed"] > 0
    assert record["counts"]["failed"] <= 1  # the file that is missing
