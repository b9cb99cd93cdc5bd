"""Speaker similarity: the definition, and a run with a tiny speaker verification model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.metrics.speech.similarity import speaker_similarity
from mmbench.types import InvalidContent, Media, Prediction
from tests.support.checkpoints.speaker_verification import xvector
from tests.support.files import write_file, write_task
from tests.support.media.sounds import noise_sound, tone

CLIP, OTHER = Media("audio", "a.wav"), Media("audio", "b.wav")
WANTS: Any = speaker_similarity.info.wants  # type: ignore[attr-defined]


def unit(angle: float) -> np.ndarray:
    return np.array([[math.cos(angle), math.sin(angle)]], np.float32)


@pytest.mark.parametrize(
    ("inputs", "target", "reference", "named"),
    [
        ({"text": "hi", "prompt_audio": OTHER, "audio": CLIP}, CLIP, OTHER, "prompt_audio"),
        ({"text": "hi", "audio": OTHER}, "hi", OTHER, "audio"),
        ({"text": "hi"}, OTHER, OTHER, "target"),
        ({"text": "hi", "prompt_audio": "a text", "audio": OTHER}, "hi", OTHER, "audio"),
    ],
)
def test_the_recording_of_the_speaker(
    inputs: Any, target: Any, reference: Media, named: str
) -> None:
    prediction = Prediction("1", CLIP, target, inputs=inputs)
    assert WANTS.contents(prediction) == {"generated": [CLIP], "reference": [reference]}
    scored = speaker_similarity(
        [prediction], features=[{"generated": unit(0), "reference": unit(1)}]
    )
    assert scored.signature == f"fold=mean,reference={named}"


def test_a_sample_without_two_clips_fails() -> None:
    alone = WANTS.contents(Prediction("1", CLIP, "hi", inputs={"text": "hi"}))
    assert isinstance(alone["reference"][0], InvalidContent)
    assert "give one as input `prompt_audio` or `audio`" in alone["reference"][0].reason
    lost = InvalidContent("No such file")
    missing = WANTS.contents(Prediction("1", CLIP, OTHER, inputs={"prompt_audio": lost}))
    assert missing["reference"] == [lost]  # not another recording
    text = WANTS.contents(Prediction("1", "hi", OTHER))
    assert isinstance(text["generated"][0], InvalidContent)


@settings(max_examples=15, derandomize=True)
@given(st.lists(st.tuples(st.floats(-4, 4), st.floats(-4, 4)), min_size=1, max_size=6))
def test_it_is_the_mean_cosine(angles: list[tuple[float, float]]) -> None:
    predictions = [Prediction(str(i), CLIP, inputs={"audio": OTHER}) for i, _ in enumerate(angles)]
    features = [{"generated": unit(a), "reference": unit(b)} for a, b in angles]
    scored = speaker_similarity(predictions, features=features)
    expected = [math.cos(a - b) for a, b in angles]  # negative ones too
    np.testing.assert_allclose(scored.rows[:, 0], expected, rtol=0, atol=1e-6)
    assert scored.value == pytest.approx(np.mean(expected), abs=1e-6)
    assert (np.abs(scored.rows) <= 1).all()


def test_the_mean_of_nothing_is_nan() -> None:
    scored = speaker_similarity([], features=[])
    assert math.isnan(scored.value)
    assert scored.signature == "fold=mean,reference=none"


def write_clip(path: Path, wave: np.ndarray, rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, subtype="FLOAT", format="WAV")


def test_a_run_equals_a_plain_loop_over_transformers(tmp_path: Path) -> None:
    """Clips of another rate, silence, a clip that is too short, and one that is missing."""
    folder, data, out = xvector(tmp_path / "sv"), tmp_path / "data", tmp_path / "spoken"
    lines = [f"LJ{i}|text {i}|text {i}\n" for i in range(4)]
    write_file(data / "metadata.csv", "".join(lines))
    for i in range(4):
        write_clip(data / f"wavs/LJ{i}.wav", tone(16000, 0.8, 100 * (i + 1)), 16000)
    write_clip(out / "LJ0.wav", noise_sound(1.1).samples, 16000)
    write_clip(out / "LJ1.wav", np.zeros(16000), 16000)
    write_clip(out / "LJ2.wav", tone(8000, 1.0), 8000)
    write_clip(out / "LJ3.wav", np.ones(900) / 9, 16000)
    metric = f"speaker_similarity@xvector@{folder}"
    task = write_task(tmp_path / "speak.yaml", include="ljspeech-speak", metric=metric)
    result = mmbench.score(task, out, data=data, out=tmp_path / "board")
    score = result.record.scores[metric]
    assert (score.n, score.failed) == (3, 1)
    assert score.bounds is not None
    assert "too short for a speaker embedding" in str(result.record.failures)

    extractor = tf.AutoFeatureExtractor.from_pretrained(folder)
    net = tf.AutoModelForAudioXVector.from_pretrained(folder).eval()

    def embedding(path: Path) -> Any:
        wave = soundfile.read(path, dtype="float32")[0]
        inputs = extractor(wave, sampling_rate=16000, return_tensors="pt")
        with torch.inference_mode():
            return net(inputs["input_values"]).embeddings[0].double()

    cosines = [
        torch.cosine_similarity(
            embedding(out / f"LJ{i}.wav"), embedding(data / f"wavs/LJ{i}.wav"), dim=0
        ).item()
        for i in (0, 1)  # at the rate of the model
    ]
    rows = result.samples.set_index("id")[metric]
    assert rows[["LJ0", "LJ1"]].tolist() == pytest.approx(cosines, abs=1e-5)
    assert score.signature.startswith("fold=mean,reference=audio,features=xvector#")
