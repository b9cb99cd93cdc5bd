"""The adapter `api-transcribe` against a real local server: what is sent, and what comes back."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmbench.errors import ModelError, SampleError
from mmbench.models.api.transcriptions import Transcriptions
from mmbench.types import Audio, GeneratedText, GenerationConfig
from mmbench.validation.named_values import grouped_options
from tests.support.command_line import refusal, run_record
from tests.support.conversations import replies, user
from tests.support.files import write_file, write_lines
from tests.support.servers.chat_completions import Endpoint, serving

SHORT = GenerationConfig(max_tokens=20)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        running.transcripts = {800: " the cat sat\n", 1600: "a dog"}
        yield running


def sound(samples: int) -> Audio:
    return Audio(np.linspace(-0.5, 0.5, samples, dtype=np.float32), 16000)


def recogniser(endpoint: Endpoint, **options: Any) -> Transcriptions:
    flags = {"model": "w", "retries": 1, "timeout": 5.0, "base": endpoint.base} | options
    given = grouped_options(Transcriptions, flags)
    return Transcriptions(None, device="cpu", dtype="remote", **given)


def test_a_sound_is_sent_as_a_file_with_the_fields(endpoint: Endpoint) -> None:
    conversations = [user(sound(1600)), user(sound(800))]
    model = recogniser(endpoint, language="en", prompt="Cats.", concurrency=1)
    assert replies(model, conversations, SHORT) == [
        GeneratedText("a dog", tokens=2, prompt_tokens=9),
        GeneratedText("the cat sat", tokens=3, prompt_tokens=9),
    ]
    form = endpoint.bodies[0]
    with wave.open(BytesIO(form.pop("file"))) as sent:
        assert (sent.getframerate(), sent.getsampwidth(), sent.getnchannels()) == (16000, 2, 1)
        ends = np.frombuffer(sent.readframes(1600), "<i2")[[0, -1]]
        assert ends.tolist() == [-16384, 16384]
    assert form == {
        "path": "/v1/audio/transcriptions",
        "model": "w",
        "response_format": "json",
        "temperature": "0",
        "language": "en",
        "prompt": "Cats.",
    }
    replies(recogniser(endpoint), conversations[:1], GenerationConfig(temperature=0.5))
    assert endpoint.bodies[-1]["temperature"] == "0.5"
    assert not {"language", "prompt"} & endpoint.bodies[-1].keys()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((400, {}), "refused the request: status 400"),
        ({"words": []}, "no text of a transcript"),
        ({"text": None}, "no text of a transcript"),
        (b"the cat", "not JSON"),
    ],
)
def test_a_failure_is_a_failed_sample(endpoint: Endpoint, fault: Any, reason: str) -> None:
    endpoint.script[""] = [fault]
    failed, fine = replies(
        recogniser(endpoint, concurrency=1), [user(sound(800)), user(sound(1600))], SHORT
    )
    assert isinstance(failed, SampleError)
    with pytest.raises(SampleError, match=reason):
        raise failed
    assert fine.text == "a dog"


def test_what_may_pass_is_tried_again_and_what_cannot_ends_the_run(endpoint: Endpoint) -> None:
    endpoint.script[""] = [(503, {})]
    assert replies(recogniser(endpoint), [user(sound(800))], SHORT)[0].text == "the cat sat"
    endpoint.script[""] = [(404, {})]
    with pytest.raises(ModelError, match="no such model"):
        replies(recogniser(endpoint), [user(sound(800))], SHORT)
    endpoint.usage = False
    assert replies(recogniser(endpoint), [user(sound(800))], SHORT) == [
        GeneratedText("the cat sat")
    ]


def test_a_run_transcribes_recordings(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, samples in (("a", 800), ("b", 1600)):
        soundfile.write(tmp_path / f"{name}.wav", sound(samples).samples, 16000)
    texts = [{"id": "a", "audio": "a.wav", "text": "the cat sat"}]
    data = write_lines(
        tmp_path / "ref.jsonl", *texts, {"id": "b", "audio": "b.wav", "text": "a cow"}
    )
    flags = ["-t", "transcripts", "--data", str(data), "--out", str(tmp_path / "out")]
    model = ["-m", "api-transcribe@w", "--api-base", endpoint.base]
    record = run_record(capsys, "run", *model, *flags, "--model-arg", "language=en")
    assert record["scores"]["wer[none]"]["value"] == pytest.approx(1 / 5)
    assert record["tokens"]["all"]["completion"] == 5
    assert record["model"]["options"]["language"] == "en"
    err = refusal(capsys, "run", *model, "-t", "pope", "--data", str(data))
    assert "api-transcribe" in err


def test_a_part_of_a_recording_is_sent_alone(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "long.wav", sound(64_000).samples, 16000)
    write_file(tmp_path / "text", "a the cat sat\nb a cow\n")
    write_file(tmp_path / "wav.scp", "r long.wav\n")
    write_file(tmp_path / "segments", "a r 1 1.05\nb r 3 3.1\n")
    model = ["-m", "api-transcribe@w", "--api-base", endpoint.base, "--model-arg", "concurrency=1"]
    flags = ["-t", "transcripts", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    record = run_record(capsys, "run", *model, *flags)
    assert record["scores"]["wer[none]"]["value"] == pytest.approx(1 / 5)
    whole = soundfile.read(tmp_path / "long.wav", dtype="int16")[0]
    sent = [soundfile.read(BytesIO(form["file"]), dtype="int16")[0] for form in endpoint.bodies]
    by_length = sorted(sent, key=len)
    assert np.array_equal(by_length[0], whole[16_000:16_800])
    assert np.array_equal(by_length[1], whole[48_000:49_600])
