"""Every family of models runs a task of its kind from the command line.

Checkpoints are tiny folders of the real architecture, loaded by name; data lie in the layout that
the data set has, one file of which is missing, as files are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmbench.cli import main
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.spec import load_task
from tests.support.checkpoints import (
    chat,
    classifiers,
    contrastive,
    diffusion,
    speech_recognition,
    unified,
)
from tests.support.command_line import run_record
from tests.support.files import write_task
from tests.support.generated_speech import speaking_run
from tests.support.layouts import captions, classification, questions, retrieval, speech
from tests.support.media.videos import save_video

Build = Callable[[Path, Path], str]  # folders of the model and of the data -> what stands after -m


def named(adapter: str, build: Callable[..., Any]) -> Build:
    def made(folder: Path, data: Path) -> str:
        build(folder)
        return f"{adapter}@{folder}"

    return made


def classifier(adapter: str, build: Callable[..., Any], task: str) -> Build:
    """A classifier of the very classes of a task."""

    def made(folder: Path, data: Path) -> str:
        samples = load_data(load_task(task), data)
        assert isinstance(samples, Samples)
        build(folder, names=samples.labels)
        return f"{adapter}@{folder}"

    return made


def fused(folder: Path, data: Path) -> str:
    contrastive.build("clip", folder / "clip")
    parts = [{"adapter": "clip", "checkpoint": str(folder / "clip"), "weight": 2}]
    path = folder / "both.yaml"
    return write_task(path, late=[*parts, {"adapter": "clip-nano"}])


def wordy(folder: Path) -> Path:
    """A tiny CLIP for any task of images and texts."""
    contrastive.build("clip", folder)
    return folder


def playable(layout: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """A layout whose sounds last a while and whose videos can be played."""

    def written(folder: Path) -> None:
        layout(folder)
        for number, path in enumerate(sorted(folder.rglob("*"))):
            if path.suffix in (".wav", ".mp3", ".flac"):
                write_sound(path, number)
            elif path.suffix in (".mp4", ".avi"):
                save_video(path)

    return written


def write_sound(path: Path, seed: int) -> None:
    samples = np.random.default_rng(seed).normal(size=12000 + 800 * (seed % 7)) / 9
    soundfile.write(path, samples, 16000, format="WAV")


# name -> model, task, layout
FAMILIES: dict[str, tuple[Build, str, Callable[[Path], Any]]] = {
    "clip": (named("clip", wordy), "cc3m-retrieval", retrieval.cc3m),
    "late": (fused, "cc3m-retrieval", retrieval.cc3m),
    "xclip": (named("xclip", contrastive.xclip), "msrvtt-retrieval", retrieval.msrvtt),
    "frames+clip": (named("frames+clip", wordy), "msrvtt-retrieval", retrieval.msrvtt),
    "clap-retrieval": (named("clap", contrastive.clap), "clotho-retrieval", retrieval.clotho),
    "clap-zeroshot": (named("clap", contrastive.clap), "esc50-zeroshot", classification.esc50),
    "audio": (classifier("audio", classifiers.audio, "esc50"), "esc50", classification.esc50),
    "audio-tags": (
        classifier("audio", classifiers.audio, "audioset"), "audioset", classification.audioset,
    ),
    "video": (
        classifier("video", classifiers.video, "kinetics400"), "kinetics400",
        classification.kinetics,
    ),
    "frames+image": (
        classifier("frames+image", classifiers.image, "ucf101"), "ucf101", classification.ucf101,
    ),
    "llava": (named("llava", chat.llava), "textvqa", questions.textvqa),
    "idefics": (named("llava", chat.idefics3), "scienceqa", questions.scienceqa),
    "frames+llava": (
        named("frames+llava", chat.llava), "msvd-qa", playable(questions.msvd_qa_clips),
    ),
    "audio-llm": (
        named("audio-llm", chat.qwen2_audio), "clotho-aqa", playable(questions.clotho_aqa),
    ),
    "whisper": (named("whisper", speech_recognition.whisper), "fsdd", playable(speech.fsdd)),
    "moonshine": (
        named("whisper", speech_recognition.moonshine), "common-voice",
        playable(speech.common_voice),
    ),
    "speech2text": (
        named("whisper", speech_recognition.speech2text), "fsdd", playable(speech.fsdd),
    ),
    "unified": (named("unified", unified.janus), "textvqa", questions.textvqa),
    "ctc": (
        named("ctc", speech_recognition.ctc), "librispeech-clean", playable(speech.librispeech),
    ),
}  # fmt: skip


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_family_runs_a_task_of_its_kind(
    family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build, task, layout = FAMILIES[family]
    data = tmp_path / "data"
    data.mkdir()
    layout(data)
    model = build(tmp_path / "model", data)
    run = ["run", "-m", model, "-t", task, "--data", str(data), "--device", "cpu"]
    run += ["--dtype", "float32", "--allow-failed", "100%", "--out", str(tmp_path / "out")]
    assert main([*run, "--json"]) == 0
    out, err = capsys.readouterr()
    (record,) = json.loads(out)
    assert record["scores"][record["headline"]]["value"] is not None, err
    assert record["counts"]["computed"] > 0
    assert record["counts"]["failed"] <= 1  # the file that is missing
    cached = run_record(capsys, *run)
    assert cached["scores"] == record["scores"]
    assert cached["counts"]["computed"] == 0


@pytest.mark.parametrize(
    ("family", "asked"),
    [
        ("clap-zeroshot", "templates=1:"),
        ("video", "views=10x3:mean,ranking=as-returned,frames=by-index"),
        ("xclip", "index=exact,frames=by-index"),
        ("frames+llava", "frames=by-index"),
    ],
)
def test_a_rescored_run_was_asked_in_the_same_way(
    family: str, asked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build, task, layout = FAMILIES[family]
    (tmp_path / "data").mkdir()
    layout(tmp_path / "data")
    out = ["--out", str(tmp_path / "out")]
    run = ["run", "-m", build(tmp_path / "model", tmp_path / "data"), "-t", task, "--device", "cpu"]
    run += ["--data", str(tmp_path / "data"), "--allow-failed", "100%", *out]
    record = run_record(capsys, *run)
    assert record["task"]["asked"].startswith(asked)
    again = run_record(capsys, "rescore", record["run"], "--allow-failed", "100%", *out)
    assert again["scores"] == record["scores"]


def test_speech_is_made_and_understood_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sentencepiece", reason="needs the extra `tts`")
    run = [*speaking_run(tmp_path)[1], "--out", str(tmp_path / "out")]
    record = run_record(capsys, *run)
    assert record["scores"][record["headline"]]["n"] == 4
    assert record["scores"][record["headline"]]["value"] > 0
    folder = tmp_path / "made" / record["task"]["name"]
    assert main([*run, "--media", str(tmp_path / "made")]) == 0
    capsys.readouterr()
    score = ["score", "-t", str(tmp_path / "speak.yaml"), "--data", str(tmp_path / "data")]
    score += ["--predictions", str(next(folder.iterdir())), "--out", str(tmp_path / "out")]
    again = run_record(capsys, *score, "--device", "cpu")
    assert again["scores"] == record["scores"]


def test_likelihoods_choose_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions.scienceqa(tmp_path / "data")
    chat.llava(tmp_path / "llava")
    task = write_task(tmp_path / "rated.yaml", include="scienceqa", choose="likelihood")
    run = ["run", "-m", f"llava@{tmp_path / 'llava'}", "-t", task]
    run += ["--data", str(tmp_path / "data"), "--device", "cpu", "--out", str(tmp_path / "out")]
    record = run_record(capsys, *run, "--allow-failed", "100%")
    assert record["scores"]["choice_unparsed"]["value"] == 0
    assert "loglikelihood image" in record["seconds"]


@pytest.mark.slow
@pytest.mark.parametrize("adapter", ["diffusers", "unified"])
def test_prompts_are_drawn(
    adapter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("diffusers", reason="needs the extra `draw`")
    build = diffusion.stable_diffusion if adapter == "diffusers" else unified.janus
    build(tmp_path / "model")
    captions.parti(tmp_path / "data")
    metric = "clipscore@clip-nano"
    task = write_task(tmp_path / "draw.yaml", include="parti-draw", metric=metric)
    run = ["run", "-m", f"{adapter}@{tmp_path / 'model'}", "-t", task]
    run += ["--data", str(tmp_path / "data"), "--device", "cpu", "--dtype", "float32"]
    run += ["--out", str(tmp_path / "out")]
    run += ["--model-arg", "steps=2"] if adapter == "diffusers" else []
    record = run_record(capsys, *run)
    assert record["counts"]["failed"] == 0
    assert record["scores"]["clipscore@clip-nano"]["value"] is not None
