"""Speaker verification models: compared with transformers alone, and in batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.errors import ContentError, ModelError
from mmbench.models.speech.xvector import XVector
from mmbench.types import Audio
from tests.support.checkpoints import speech_recognition
from tests.support.checkpoints.speaker_verification import xvector
from tests.support.errors import one_line_error
from tests.support.media.sounds import noise_sound

CPU = {"device": "cpu", "dtype": "float32"}
FOLDERS = {"wavlm": False, "wav2vec2": True, "unispeech-sat": False}  # with a mask or without
SECONDS = [0.7, 0.4, 0.7]
SHORTEST = 5200  # samples: 16 frames, of which the TDNN layers leave 2


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("speakers")
    return {kind: xvector(root / kind, kind, masked=masked) for kind, masked in FOLDERS.items()}


@pytest.mark.parametrize("kind", FOLDERS)
def test_an_embedding_does_not_depend_on_its_batch(folders: dict[str, Path], kind: str) -> None:
    model = XVector(folders[kind], **CPU)
    clips = [model.prepare(noise_sound(s, seed), "audio") for seed, s in enumerate(SECONDS)]
    together = model.embed(clips, "audio", "document")
    alone = np.concatenate([model.embed([clip], "audio", "document") for clip in clips])
    assert np.array_equal(together, alone)
    assert (together.shape, together.dtype) == ((len(SECONDS), 12), np.float32)
    assert np.ptp(together, axis=0).max() > 0.01


@pytest.mark.parametrize("kind", FOLDERS)
def test_it_is_the_embedding_of_transformers(folders: dict[str, Path], kind: str) -> None:
    """The steps of the model card of microsoft/wavlm-base-plus-sv, with one clip."""
    clip = noise_sound(0.6)
    extractor = tf.AutoFeatureExtractor.from_pretrained(folders[kind])
    net = tf.AutoModelForAudioXVector.from_pretrained(folders[kind]).eval()
    inputs = extractor(clip.samples, sampling_rate=16000, return_tensors="pt")
    with torch.inference_mode():
        outputs = net(inputs["input_values"])
    model = XVector(folders[kind], **CPU)
    found = model.embed([model.prepare(clip, "audio")], "audio", "document")
    np.testing.assert_allclose(found, outputs.embeddings.numpy(), rtol=0, atol=1e-6)
    assert np.abs(found - outputs.logits.numpy()).max() > 1e-3


def test_it_is_the_definition_in_float64(folders: dict[str, Path]) -> None:
    """Pool the frames after the TDNN layers: mean and standard deviation (n - 1), projected."""
    net = tf.AutoModelForAudioXVector.from_pretrained(folders["wavlm"]).eval().double()
    clip = noise_sound(0.5)
    wave = clip.samples.astype(np.float64)
    wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
    with torch.inference_mode():
        hidden = net.projector(net.wavlm(torch.from_numpy(wave)[None]).last_hidden_state)[0].numpy()
    for layer in net.tdnn:
        weight = layer.kernel.weight.detach().numpy()
        bias = layer.kernel.bias.detach().numpy()
        reach = (layer.kernel_size - 1) * layer.dilation
        contexts = [hidden[t : t + reach + 1 : layer.dilation] for t in range(len(hidden) - reach)]
        hidden = np.maximum(np.array([weight @ frames.ravel() + bias for frames in contexts]), 0)
    pooled = np.concatenate([hidden.mean(axis=0), hidden.std(axis=0, ddof=1)])
    head = net.feature_extractor
    expected = head.weight.detach().numpy() @ pooled + head.bias.detach().numpy()
    model = XVector(folders["wavlm"], **CPU)
    found = model.embed([model.prepare(clip, "audio")], "audio", "document")
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-5)


def test_a_clip_without_two_frames_is_refused(folders: dict[str, Path]) -> None:
    model = XVector(folders["wavlm"], **CPU)
    noise = noise_sound().samples
    for n in (0, 1, SHORTEST - 1):
        with one_line_error(ContentError, match="too short for a speaker embedding"):
            model.prepare(Audio(noise[:n], 16000), "audio")
    shortest = model.prepare(Audio(noise[:SHORTEST], 16000), "audio")
    assert np.isfinite(model.embed([shortest], "audio", "document")).all()


def test_silence_has_an_embedding(folders: dict[str, Path]) -> None:
    model = XVector(folders["wavlm"], **CPU)
    silence = model.prepare(Audio(np.zeros(8000, np.float32), 16000), "audio")
    assert np.isfinite(model.embed([silence], "audio", "document")).all()


def test_the_loudness_does_not_matter(folders: dict[str, Path]) -> None:
    model, clip = XVector(folders["wavlm"], **CPU), noise_sound()
    quiet = Audio(clip.samples / 4, clip.rate)
    one, other = (model.embed([model.prepare(c, "audio")], "audio", "query") for c in (clip, quiet))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_folder_of_another_model_is_refused(tmp_path: Path) -> None:
    with one_line_error(ModelError, match="type xvector@microsoft/wavlm-base-plus-sv"):
        XVector(None, **CPU)
    with one_line_error(ModelError, match="takes input_features; give a speaker verification"):
        XVector(speech_recognition.whisper(tmp_path / "whisper"), **CPU)
    with one_line_error(ModelError, match="lacks weights"):
        XVector(speech_recognition.ctc(tmp_path / "ctc"), **CPU)
