"""Bad files among good ones, through whole runs: each fails by its name, and no other changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.cli import main
from tests.media.test_video import rotated, sound_alone
from tests.support.boards import stored_rows
from tests.support.checkpoints import chat, classifiers, speech_recognition
from tests.support.command_line import refusal
from tests.support.files import write_task
from tests.support.media.images import image_bytes, noise_image
from tests.support.media.sounds import sound_bytes, tone
from tests.support.media.videos import black_video, numbered_video
from tests.support.servers.chat_completions import serving

Files = dict[str, bytes]


def evaluated(
    place: Path, name: str, model: str, task: dict[str, Any], files: Files, *more: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The record of a run on these files, everything computed anew, and its rows by id.

    The exit code is 4 where all samples failed, so that the headline has no value, else 0.
    """
    data = place / name
    data.mkdir()
    for file, content in files.items():
        (data / file).write_bytes(content)
    labels = task.pop("labels", ["a", "b"])
    lines = [f"{file},{labels[i % len(labels)]}" for i, file in enumerate(files)]
    (data / "labels.csv").write_text("\n".join(["file,label", *lines]) + "\n")
    file = write_task(place / "task.yaml", **{"name": "bad", **task})
    words = ["run", "-m", model, "-t", file, "--data", str(data), "--fresh"]
    words += ["--allow-failed", "100%", "--out", str(place / f"{name}-out"), "--json", *more]
    words += [] if model.startswith("api") else ["--device", "cpu", "--dtype", "float32"]
    code = main(words)
    (found,) = (place / f"{name}-out").rglob("*.json")
    rows = {row["id"]: row for row in stored_rows(place / f"{name}-out")}
    record = json.loads(found.read_text())
    assert code == (4 if record["counts"]["failed"] == len(files) else 0)
    return record, rows


def asked(kind: str, medium: str, **more: Any) -> dict[str, Any]:
    given = {"source": "labelled", "files": "labels.csv", "id": "file", "target": "label"}
    return {
        "kind": kind, "fields": {medium: medium}, "metrics": ["accuracy@1"],
        "headline": "accuracy@1", "data": given | {"columns": {medium: "{file}"}}, **more,
    }  # fmt: skip


def heard(**more: Any) -> dict[str, Any]:
    """A task of speech, whose references are the labels."""
    task = asked("writing", "audio", metrics=["wer[none]"], headline="wer[none]", **more)
    task["data"] = {
        "source": "listing", "files": "labels.csv", "id": "file", "target": "label",
        "columns": {"audio": "{file}"},
    }  # fmt: skip
    return task


def none_other_changes(
    place: Path, model: str, task: Callable[[], dict[str, Any]], good: Files, bad: Files
) -> dict[str, str]:
    """Run with and without the bad ones; what the record says of each that failed."""
    mixed = {
        name: content
        for pair in zip(good.items(), bad.items(), strict=False)
        for name, content in pair
    }
    mixed |= good | bad
    record, rows = evaluated(place, "mixed", model, task(), mixed)
    alone, only = evaluated(place, "alone", model, task(), good)
    assert {name: rows[name]["value"] for name in good} == {n: only[n]["value"] for n in good}
    assert alone["counts"]["failed"] == 0
    failures = dict(record["failures"])
    assert record["counts"]["failed"] == len(failures)
    assert all("\n" not in reason for reason in failures.values())
    return failures


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"video@{classifiers.video(tmp_path_factory.mktemp('film'), names=['a', 'b'])}"


GOOD = {f"good{i}.mp4": numbered_video(8 + 4 * i) for i in range(3)}


def test_videos_that_cannot_be_watched(film: str, tmp_path: Path) -> None:
    whole = GOOD["good2.mp4"]
    bad = {
        "truncated.mp4": whole[: len(whole) // 2],
        "corrupt.mp4": np.random.default_rng(0).bytes(4000),
        "empty.mp4": b"",
        "text.mp4": b"hello\n" * 100,
        "sound.mp4": sound_alone(),
    }
    failures = none_other_changes(
        tmp_path, film, lambda: asked("classification", "video"), GOOD, bad
    )
    assert failures.keys() == bad.keys()
    assert all(f"{name} " in reason for name, reason in failures.items())


def test_videos_that_are_unusual_and_fine(film: str, tmp_path: Path) -> None:
    times = [0, 1, 3, 40, 41, 90, 91, 300]  # in hundredths of a second
    fine = {
        "turned.mp4": rotated(numbered_video(8), 180),
        "variable.mp4": numbered_video(8, times=times),
        "steady.mp4": numbered_video(8),
        "silent.mp4": black_video(sound=False),
        "loud.mp4": black_video(sound=True),
        "short.mp4": numbered_video(1),
    }
    record, rows = evaluated(tmp_path, "all", film, asked("classification", "video"), fine)
    assert record["failures"] == []
    value = {name: json.loads(row["value"]) if isinstance(row["value"], str) else row["value"]
             for name, row in rows.items()}  # fmt: skip
    # The same frames by number, compressed apart; the values are logits of about 3.
    assert np.allclose(value["variable.mp4"], value["steady.mp4"], atol=1e-2)
    assert value["silent.mp4"] == value["loud.mp4"]
    assert value["turned.mp4"] != value["steady.mp4"]  # its white corner is elsewhere


def sound(seconds: float, rate: int = 16000, pitch: float = 440) -> np.ndarray:
    return tone(rate, seconds, pitch)


def test_sounds_that_cannot_be_heard(tmp_path: Path) -> None:
    model = f"ctc@{speech_recognition.ctc(tmp_path / 'ctc')}"
    good = {f"good{i}.wav": sound_bytes(sound(0.6 + i / 5, pitch=300 + 99 * i), 16000)
            for i in range(3)}  # fmt: skip
    bad = {
        "empty.wav": b"",
        "nothing.wav": sound_bytes(np.zeros(0), 16000),
        "text.wav": b"hello\n" * 100,
        "broken.wav": sound_bytes(np.array([0.1, np.nan] * 900), 16000, subtype="FLOAT"),
        "mute.mp4": black_video(sound=False),
        "instant.wav": sound_bytes(sound(0.01), 16000),  # less than a frame of the model
    }
    failures = none_other_changes(tmp_path, model, heard, good, bad)
    assert failures.keys() == bad.keys()
    assert "has no audio stream" in failures["mute.mp4"]
    assert "the audio is too short" in failures["instant.wav"]


def formats() -> Files:
    """One tone in every format and at every rate; some are written by another library."""
    made = {
        f"{subtype}.wav": sound_bytes(sound(1.0), 16000, subtype=subtype)
        for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
    }
    stereo = np.stack([sound(1.0)] * 2, axis=1)
    made["stereo.wav"] = sound_bytes(stereo, 16000)
    rates = (8000, 11025, 22050, 32000, 44100, 48000, 96000)
    return made | {f"{rate}.flac": sound_bytes(sound(1.0, rate), rate, "FLAC") for rate in rates}


def test_a_sound_is_the_same_in_every_format(tmp_path: Path) -> None:
    folder = classifiers.audio(tmp_path / "audio", names=["a", "b"])
    task = asked("classification", "audio")
    record, rows = evaluated(tmp_path, "formats", f"audio@{folder}", task, formats())
    assert record["failures"] == []
    base = rows.pop("FLOAT.wav")["value"]
    assert rows["stereo.wav"]["value"] == rows["PCM_16.wav"]["value"]
    for name in ("PCM_24.wav", "PCM_32.wav", "DOUBLE.wav"):
        assert np.allclose(rows[name]["value"], base, atol=1e-3), name
    for name, row in rows.items():  # 8 bits are noise, other rates other sounds: they are heard
        assert np.isfinite(row["value"]).all(), name


def test_a_sound_shorter_than_a_window_is_heard(tmp_path: Path) -> None:
    folder = speech_recognition.ctc(tmp_path / "ctc", masked=True)
    files = {
        "short.wav": sound_bytes(sound(0.5), 16000),
        "long.wav": sound_bytes(sound(7), 16000),
    }
    arguments = ["--model-arg", "window=2", "--model-arg", "stride=0.5"]
    record, rows = evaluated(tmp_path, "windows", f"ctc@{folder}", heard(), files, *arguments)
    assert record["failures"] == []
    _, alone = evaluated(
        tmp_path, "alone", f"ctc@{folder}", heard(), {"short.wav": files["short.wav"]}
    )
    assert rows["short.wav"]["value"] == alone["short.wav"]["value"]


def test_a_transcript_of_nothing(tmp_path: Path) -> None:
    """One word said on silence is one insertion, of four words: jiwer 4.0 and sclite count it."""
    (tmp_path / "refs.jsonl").write_text(
        '{"id": "1", "text": "a b c d"}\n{"id": "2", "text": ""}\n'
    )
    (tmp_path / "said.jsonl").write_text(
        '{"id": "1", "value": "a b c d"}\n{"id": "2", "value": "um"}\n'
    )
    words = ["score", "-t", "transcripts", "--data", str(tmp_path / "refs.jsonl"), "--json"]
    words += ["--predictions", str(tmp_path / "said.jsonl"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    (file,) = (tmp_path / "out").rglob("*.json")
    told = json.loads(file.read_text())["scores"]["wer[none]"]
    assert told["value"] == 1 / 4
    assert "empty-references=inserted" in told["signature"]
    assert "1 insertion against 1 empty reference" in told["reason"]
    assert "no interval: " in told["reason"] and told["low"] is None


def described(**more: Any) -> dict[str, Any]:
    task = heard(**more)
    data = task["data"] | {"columns": {"image": "{file}", "label": "label"}}
    return task | {"fields": {"image": "image", "label": "label"}, "data": data,
                   "prompt": "what is {label}"}  # fmt: skip


def test_an_answer_that_meets_the_limit_is_flagged(tmp_path: Path) -> None:
    folder = chat.llava(tmp_path / "llava")
    files = {f"{i}.png": image_bytes(noise_image(i, (30, 20))) for i in range(3)}
    task = described(generation={"max_tokens": 4})
    record, rows = evaluated(tmp_path, "cut", f"llava@{folder}", task, files)
    cut = [row for row in rows.values() if "length" in str(row["tags"])]
    assert cut
    assert any("met the token limit" in note for note in record["notes"])


def test_a_template_without_a_place_for_images(tmp_path: Path) -> None:
    folder = chat.llava(tmp_path / "llava", template=chat.BLIND)
    files = {f"{i}.png": image_bytes(noise_image(i, (30, 20))) for i in range(2)}
    record, rows = evaluated(tmp_path, "blind", f"llava@{folder}", described(), files)
    assert all("0 of 1 images reached the model" in why for _, why in record["failures"])
    assert {row["value"] for row in rows.values()} == {None}


@pytest.mark.parametrize("fault", ["status", "nonsense", "half", "slow"])
def test_an_endpoint_that_fails_for_one_question(fault: str, tmp_path: Path) -> None:
    files = {f"{i}.png": image_bytes(noise_image(i, (30, 20))) for i in range(4)}
    arguments = ["--model-arg", "retries=0", "--model-arg", "timeout=1"]
    arguments += ["--model-arg", "check_media=false", "--concurrency", "2"]
    faults = {"status": 500, "nonsense": b"<html>", "half": "half", "slow": "slow"}
    found = {}
    for name in ("well", "ill"):
        with serving() as endpoint:
            if name == "ill":
                endpoint.script["what is c"] = [faults[fault]] * 3
            task = described() | {"labels": ["a", "b", "c", "d"]}
            more = [*arguments, "--api-base", endpoint.base]
            found[name] = evaluated(tmp_path, name, "api@m", task, files, *more)
    record, rows = found["ill"]
    assert [ident for ident, _ in record["failures"]] == ["2.png"]
    assert rows.pop("2.png")["value"] is None
    assert {n: r["value"] for n, r in rows.items()} == {
        n: r["value"] for n, r in found["well"][1].items() if n != "2.png"
    }


@pytest.mark.parametrize(
    ("model", "task", "words"),
    [
        ("whisper", "vqav2", ["takes no image; try", "llava"]),
        ("clip", "librispeech-clean", ["cannot write; try", "whisper"]),
        ("llava", "coco-draw", ["cannot draw; try", "diffusers"]),
        ("ctc", "kinetics400", ["cannot classify; try", "video"]),
        ("clip", "msrvtt-retrieval", ["takes no video; try", "xclip"]),
    ],
)
def test_a_model_that_cannot_is_refused_before_it_is_looked_for(
    model: str, task: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", "-m", f"{model}@{tmp_path / 'no-such-folder'}", "-t", task]
    said = refusal(capsys, *run, "--out", str(tmp_path / "out"))
    assert all(word in said for word in words), said
    assert "loading" not in said
