"""CLAPScore and CLAP-sim by a tiny CLAP: cosines without prefix, scale or clipping."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.metrics.captions.clapscore import clap_sim, clapscore
from mmbench.types import Features, InvalidContent, Media, Prediction
from tests.support.checkpoints import contrastive
from tests.support.files import write_file, write_task
from tests.support.media.sounds import noise_sound, sound_bytes

ALL: list[Any] = [clapscore, clap_sim]
CLIP = Media("audio", "rain.wav")
RATE = 48000


def contents(metric: Any, prediction: Prediction) -> Any:
    return metric.info.wants.contents(prediction)


def test_the_contents() -> None:
    caption = Prediction("1", "rain falls", ["rain", "it rains"], inputs={"audio": CLIP})
    assert contents(clapscore, caption) == {"caption": ["rain falls"], "audio": [CLIP]}
    assert contents(clap_sim, caption) == {
        "caption": ["rain falls"],
        "references": ["rain", "it rains"],
    }
    generated = Prediction("1", CLIP, inputs={"text": "rain falls"})
    assert contents(clapscore, generated) == {"caption": ["rain falls"], "audio": [CLIP]}
    for metric in ALL:
        assert metric.info.wants.model == "clap@laion/clap-htsat-unfused"


@pytest.mark.parametrize(
    ("metric", "prediction", "reason"),
    [
        (clapscore, Prediction("1", "rain"), "no audio to compare"),
        (clapscore, Prediction("1", CLIP), "no prompt to compare"),
        (clapscore, Prediction("1", Media("image", "a.png"), inputs={"text": "a"}), "not audio"),
        (clap_sim, Prediction("1", "rain", []), "no reference captions"),
    ],
)
def test_a_sample_that_lacks_a_part_fails(metric: Any, prediction: Prediction, reason: str) -> None:
    parts = [part for parts in contents(metric, prediction).values() for part in parts]
    assert [reason in p.reason for p in parts if isinstance(p, InvalidContent)] == [True]


def at(cosine: float) -> list[float]:
    return [cosine, math.sqrt(1 - cosine**2)]


COSINES = st.lists(st.lists(st.floats(-1, 1), min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=15, derandomize=True)
@given(COSINES)
def test_negative_cosines_are_kept(cosines: list[list[float]]) -> None:
    predictions = [Prediction(str(i), "a", ["b"]) for i, _ in enumerate(cosines)]
    features: list[Features] = [
        {
            "caption": np.array([at(1)], np.float32),
            "audio": np.array([at(each[0])], np.float32),
            "references": np.array([at(cosine) for cosine in each], np.float32),
        }
        for each in cosines
    ]
    means = [sum(each) / len(each) for each in cosines]
    expected = {clapscore: [each[0] for each in cosines], clap_sim: means}
    for metric, rows in expected.items():
        scored = metric(predictions, features=features)
        np.testing.assert_allclose(scored.rows[:, 0], rows, rtol=0, atol=1e-6)
        assert scored.value == pytest.approx(np.mean(rows), abs=1e-6)


def test_the_signature_names_the_convention() -> None:
    assert clapscore([], features=[]).signature == "fold=mean,negative=kept"
    assert clap_sim([], features=[]).signature == "fold=mean,references=mean,negative=kept"
    assert all(math.isnan(metric([], features=[]).value) for metric in ALL)


def test_a_run_equals_a_plain_loop_over_transformers(tmp_path: Path) -> None:
    folder, data = contrastive.clap(tmp_path / "clap"), tmp_path / "data"
    captions = {f"{i}.wav": text for i, text in enumerate(contrastive.SENTENCES[:2])}
    references = list(contrastive.SENTENCES[2:7])
    header = ",".join(["file_name", *(f"caption_{i}" for i in range(1, 6))])
    cells = ",".join(f'"{text}"' for text in references)
    lines = "".join(f"{name},{cells}\n" for name in captions)
    write_file(data / "clotho_captions_evaluation.csv", f"{header}\n{lines}")
    clips = {name: noise_sound(0.5, seed, RATE) for seed, name in enumerate(captions)}
    for name, clip in clips.items():
        write_file(data / "evaluation" / name, sound_bytes(clip.samples, RATE, subtype="FLOAT"))
    rows = "".join(f'{name},"{text}"\n' for name, text in captions.items())
    outputs = write_file(tmp_path / "captions.csv", f"id,value\n{rows}")
    names = [f"{metric}@clap@{folder}" for metric in ("clapscore", "clap_sim")]
    task = write_task(
        tmp_path / "t.yaml", include="clotho-caption", metrics=names, headline=names[0]
    )
    result = mmbench.score(task, outputs, data=data, out=tmp_path / "board")

    net = tf.ClapModel.from_pretrained(folder).eval()
    extractor = tf.AutoFeatureExtractor.from_pretrained(folder)
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)

    def text(one: str) -> Any:
        with torch.inference_mode():
            features = net.get_text_features(**tokenizer(one, return_tensors="pt"))
        return getattr(features, "pooler_output", features)[0].double()

    def audio(clip: Any) -> Any:
        inputs = extractor(clip.samples, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            features = net.get_audio_features(**inputs)
        return getattr(features, "pooler_output", features)[0].double()

    cosine = torch.nn.CosineSimilarity(dim=0)
    expected = [
        np.mean([cosine(text(captions[name]), audio(clips[name])) for name in captions]),
        np.mean([[cosine(text(c), text(r)) for r in references] for c in captions.values()]),
    ]
    found = [result.record.scores[name].value for name in names]
    assert found == pytest.approx(expected, abs=1e-5)
    signature = result.record.scores[names[0]].signature
    assert signature.startswith("fold=mean,negative=kept,features=clap#")
