"""Real images, speech, sounds and videos through whole runs; the models are tiny ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.support.boards import stored_rows
from tests.support.checkpoints import chat, classifiers, contrastive, speech_recognition
from tests.support.command_line import run_record
from tests.support.files import write_lines, write_task
from tests.support.paths import real_data

LISTED = {"source": "labelled", "files": "labels.csv", "id": "file", "target": "label"}


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Path:
    return real_data(request.param)


def on(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("real", [name], indirect=True, ids=[name])


def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: str, task: str | dict[str, Any],
    data: Path, *more: str,
) -> dict[str, Any]:  # fmt: skip
    """The record of one run; a task of its own is written to a file."""
    if isinstance(task, dict):
        task = write_task(tmp_path / "task.yaml", **task)
    words = ["run", "-m", model, "-t", task, "--data", str(data), "--device", "cpu", *more]
    record = run_record(capsys, *words, "--dtype", "float32", "--out", str(tmp_path / "out"))
    assert record["counts"]["failed"] == 0
    assert record["scores"][record["headline"]]["value"] is not None
    return record


def listed(kind: str, medium: str, **more: Any) -> dict[str, Any]:
    """A task on a folder with labels.csv."""
    return {
        "name": f"{medium}-{kind}", "version": 1, "kind": kind, "summary": "real ones",
        "licence": "that of the data", "fields": {medium: medium}, "headline": "accuracy@1",
        "data": LISTED | {"columns": {medium: "{file}"}}, "metrics": ["accuracy@1"], **more,
    }  # fmt: skip


@on("coco-mini")
def test_images_are_found_and_described(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contrastive.build("clip", tmp_path / "clip")
    file = real / "captions_subset159.json"
    found = run(capsys, tmp_path, f"clip@{tmp_path / 'clip'}", "coco-retrieval", file)
    assert found["scores"]["recall@1[text-to-image]"]["n"] == 795
    assert found["scores"]["recall@1[image-to-text]"]["n"] == 159
    chat.llava(tmp_path / "llava")
    # METEOR takes ten seconds to start, and meets these captions in its own tests.
    metrics = ["bleu@4", "rouge_l", "cider"]
    task = {"include": "coco-caption", "generation": {"max_tokens": 8}, "metrics": metrics}
    said = run(capsys, tmp_path, f"llava@{tmp_path / 'llava'}", task, file, "--limit", "24")
    assert said["scores"]["bleu@4"]["n"] == 24


@on("audio/esc10")
def test_sounds_are_classified(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contrastive.clap(tmp_path / "clap")
    task = listed("zero_shot", "audio", data=LISTED | {
        "columns": {"audio": "{file}"}, "labels": sorted(names(real)),
    })  # fmt: skip
    task["templates"] = ["the sound of {}"]
    heard = run(capsys, tmp_path, f"clap@{tmp_path / 'clap'}", task, real)
    assert heard["scores"]["accuracy@1"]["n"] == 40
    classifiers.audio(tmp_path / "audio", names=sorted(names(real)))
    trained = run(
        capsys, tmp_path, f"audio@{tmp_path / 'audio'}", listed("classification", "audio"), real
    )
    assert seconds_heard(trained) == pytest.approx(duration(real.glob("*.ogg")), rel=0.01)


def duration(paths: Iterable[Path]) -> float:
    return sum(soundfile.info(path).duration for path in paths)


def seconds_heard(record: dict[str, Any]) -> float:
    """What RTFx, sound by time of computing, says of the sound."""
    (spent,) = (s for stage, s in record["seconds"].items() if stage.endswith(" audio"))
    return float(record["throughput"]["RTFx"] * spent)


def names(folder: Path) -> set[str]:
    lines = (folder / "labels.csv").read_text().splitlines()[1:]
    return {line.partition(",")[2] for line in lines}


@pytest.mark.slow
@on("video/fight")
def test_videos_are_classified(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = sorted(names(real))
    classifiers.video(tmp_path / "video", names=labels)
    task = listed("classification", "video", views={"clips": 2, "crops": 3})
    seen = run(capsys, tmp_path, f"video@{tmp_path / 'video'}", task, real)
    assert seen["scores"]["accuracy@1"]["n"] == 20
    contrastive.build("clip", tmp_path / "clip")
    task = listed("zero_shot", "video", templates=["a video of a {}"])
    run(capsys, tmp_path, f"frames+clip@{tmp_path / 'clip'}", task, real)


@on("speech/fsdd")
def test_speech_of_8_khz_is_written_down(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech_recognition.ctc(tmp_path / "ctc")
    heard = run(capsys, tmp_path, f"ctc@{tmp_path / 'ctc'}", "fsdd", real)
    assert heard["scores"]["wer[basic]"]["n"] == 60
    assert seconds_heard(heard) == pytest.approx(duration(real.glob("*.wav")), rel=0.01)


@on("speech/librivox")
def test_speech_is_written_down(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech_recognition.whisper(tmp_path / "whisper")
    task = {"include": "transcripts", "generation": {"max_tokens": 8}}
    heard = run(capsys, tmp_path, f"whisper@{tmp_path / 'whisper'}", task, real)
    assert heard["scores"]["wer[basic]"]["n"] == 5
    assert seconds_heard(heard) == pytest.approx(duration(real.glob("*.wav")), rel=0.01)


@on("speech/jfk.flac")
def test_stereo_of_44_khz_is_written_down_as_its_mean_at_16_khz(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, rate = soundfile.read(real)
    assert (rate, samples.ndim) == (44100, 2)
    soundfile.write(tmp_path / "mono.wav", samples.mean(axis=1), rate, subtype="FLOAT")
    said = "And so, my fellow Americans, ask not what your country can do for you"
    rows = [{"id": name, "audio": str(path), "text": said} for name, path in
            (("stereo", real), ("mono", tmp_path / "mono.wav"))]  # fmt: skip
    write_lines(tmp_path / "manifest.jsonl", *rows)
    speech_recognition.ctc(tmp_path / "ctc")
    manifest = tmp_path / "manifest.jsonl"
    run(capsys, tmp_path, f"ctc@{tmp_path / 'ctc'}", "transcripts", manifest)
    values = {row["id"]: row["value"] for row in stored_rows(tmp_path / "out")}
    assert values["stereo"] == values["mono"] != ""
