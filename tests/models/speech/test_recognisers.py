"""Whisper, Moonshine and CTC models: held to transformers alone, and to themselves in batches."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers as tf

from mmbench.errors import ContentError, ModelError, SampleError
from mmbench.media import decode_sound
from mmbench.models.speech.ctc import Ctc
from mmbench.models.speech.whisper import Whisper
from mmbench.models.support.arrays import stack_batch
from mmbench.models.support.sounds import frames as count
from mmbench.types import Audio, GenerationConfig
from tests.support.checkpoints import speech_recognition
from tests.support.conversations import replies, user
from tests.support.errors import one_line_error
from tests.support.paths import real_data

SHORT = GenerationConfig(max_tokens=12)
CPU = {"device": "cpu", "dtype": "float32"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("speech")
    return {
        "wav2vec2": speech_recognition.ctc(root / "wav2vec2"),
        "masked": speech_recognition.ctc(root / "masked", masked=True),
        "hubert": speech_recognition.ctc(root / "hubert", kind="hubert"),
        "whisper": speech_recognition.whisper(root / "whisper"),
        "moonshine": speech_recognition.moonshine(root / "moonshine"),
        "speech2text": speech_recognition.speech2text(root / "speech2text"),
    }


def noise(seconds: float, seed: int = 0) -> Audio:
    """Something like speech: noise whose pitch and loudness change."""
    draws, n = np.random.default_rng(seed), int(seconds * 16000)
    pitch = np.interp(np.arange(n), np.linspace(0, n, 20), draws.uniform(90, 900, 20))
    wave = np.sin(np.cumsum(pitch) * 2 * np.pi / 16000) * draws.uniform(0.2, 0.6)
    return Audio((wave + 0.05 * draws.standard_normal(n)).astype(np.float32), 16000)


def written(model: Any, sounds: list[Audio], options: GenerationConfig = SHORT) -> list[Any]:
    return replies(model, map(user, sounds), options)


SECONDS = [0.7, 2.0, 1.1, 2.0, 0.4, 3.1, 1.1, 0.9]


@pytest.mark.parametrize(
    "name", ["wav2vec2", "masked", "hubert", "whisper", "moonshine", "speech2text"]
)
def test_a_batch_of_eight_says_what_eight_of_one_say(folders: dict[str, Path], name: str) -> None:
    model = (Whisper if name in ("whisper", "moonshine", "speech2text") else Ctc)(
        folders[name], **CPU
    )
    sounds = [noise(seconds, seed) for seed, seconds in enumerate(SECONDS)]
    together = written(model, sounds)
    assert together == [written(model, [sound])[0] for sound in sounds]
    assert len({one.text for one in together}) > 2


@pytest.mark.parametrize("name", ["wav2vec2", "masked", "hubert"])
def test_ctc_says_what_transformers_says(folders: dict[str, Path], name: str) -> None:
    sound = noise(1.3)
    processor = tf.Wav2Vec2Processor(
        tf.AutoFeatureExtractor.from_pretrained(folders[name]),
        tf.AutoTokenizer.from_pretrained(folders[name]),
    )
    net = tf.AutoModelForCTC.from_pretrained(folders[name]).eval()
    with torch.inference_mode():
        logits = net(**processor(sound.samples, sampling_rate=16000, return_tensors="pt")).logits
    (expected,) = processor.batch_decode(logits.argmax(-1))
    assert written(Ctc(folders[name], **CPU), [sound])[0].text == expected


def test_speech2text_says_what_transformers_says(folders: dict[str, Path]) -> None:
    processor = tf.AutoProcessor.from_pretrained(folders["speech2text"])
    net = tf.AutoModelForSpeechSeq2Seq.from_pretrained(folders["speech2text"]).eval()
    for seed in range(3):
        sound = noise(1.3, seed)
        inputs = processor(sound.samples, sampling_rate=16000, return_tensors="pt")
        ids = net.generate(**inputs, max_new_tokens=12, do_sample=False, num_beams=1)
        (expected,) = processor.batch_decode(ids, skip_special_tokens=True)
        assert written(Whisper(folders["speech2text"], **CPU), [sound])[0].text == expected.strip()


def test_windows_of_a_long_sound_meet_without_a_frame_lost(folders: dict[str, Path]) -> None:
    whole = Ctc(folders["masked"], **CPU, window=100, stride=10)
    cut = Ctc(folders["masked"], **CPU, window=4, stride=1)
    samples = noise(11.3).samples
    frames = [
        [keep.indices(count(whole._model, len(piece))) for piece, keep in model._windows(samples)]
        for model in (whole, cut)
    ]
    kept = [sum(end - start for start, end, _ in one) for one in frames]
    assert kept[0] == kept[1] == count(whole._model, len(samples))
    assert len(frames[1]) > 4


@pytest.mark.parametrize("name", ["wav2vec2", "masked"])
def test_a_long_sound_is_heard_as_by_the_pipeline_of_transformers(
    folders: dict[str, Path], name: str
) -> None:
    draws = np.random.default_rng(2)
    loud = noise(13).samples * np.interp(np.arange(13 * 16000), [0, 13 * 16000], [0.01, 1])
    sound = Audio((loud + 0.1 * draws.random()).astype(np.float32), 16000)
    pipe = tf.pipeline(
        "automatic-speech-recognition",
        model=tf.AutoModelForCTC.from_pretrained(folders[name]).eval(),
        tokenizer=tf.AutoTokenizer.from_pretrained(folders[name]),
        feature_extractor=tf.AutoFeatureExtractor.from_pretrained(folders[name]),
        chunk_length_s=4,
        stride_length_s=1,
    )
    (found,) = written(Ctc(folders[name], **CPU, window=4, stride=1), [sound])
    assert found.text == pipe(sound.samples.copy())["text"].strip()


def test_sounds_are_not_padded_under_a_group_norm_whatever_the_extractor_says(
    tmp_path: Path,
) -> None:
    folder = speech_recognition.ctc(tmp_path / "wav2vec2")
    file = folder / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"return_attention_mask": True}))
    model = Ctc(folder, **CPU)
    sounds = [noise(seconds, seed) for seed, seconds in enumerate(SECONDS)]
    assert written(model, sounds) == [written(model, [sound])[0] for sound in sounds]


def test_ctc_takes_no_model_of_spectrograms(folders: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(folders["wav2vec2"], tmp_path, dirs_exist_ok=True)
    tf.SeamlessM4TFeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="takes input_features; give a model that takes raw audio"):
        Ctc(tmp_path, **CPU)


@pytest.mark.parametrize("name", ["wav2vec2", "moonshine", "speech2text"])
@pytest.mark.parametrize("samples", [1, 160])
def test_a_sound_of_less_than_a_frame_is_refused(
    folders: dict[str, Path], name: str, samples: int
) -> None:
    model = (Ctc if name == "wav2vec2" else Whisper)(folders[name], **CPU)
    with pytest.raises(ContentError, match="the audio is too short"):
        written(model, [noise(samples / 16000)])


def test_whisper_hears_a_sound_of_one_sample(folders: dict[str, Path]) -> None:
    assert written(Whisper(folders["whisper"], **CPU), [noise(1 / 16000)])[0].tokens == 12


@pytest.mark.parametrize(
    ("name", "limit", "tokens"), [("whisper", 200, 56), ("speech2text", 500, 92)]
)
def test_the_end_of_a_decoder_is_told_as_a_limit(
    folders: dict[str, Path], name: str, limit: int, tokens: int
) -> None:
    model = Whisper(folders[name], **CPU)
    (found,) = written(model, [noise(2.5)], GenerationConfig(max_tokens=limit))
    assert (found.finish, found.tokens) == ("length", tokens)


def test_a_recogniser_that_ends_by_itself_was_not_cut(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(folders["whisper"], tmp_path, dirs_exist_ok=True)
    model = Whisper(folders["whisper"], **CPU)
    features = model.prepare(user(noise(2.5)), "conversation")
    inputs = stack_batch([features.arrays], **CPU)
    end = model._model.generate(**inputs, max_new_tokens=8)[0, 4].item()
    file = tmp_path / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"eos_token_id": end}))
    (found,) = written(Whisper(tmp_path, **CPU), [noise(2.5)])
    assert found.finish == "stop"
    assert found.tokens < 12


def test_a_conversation_without_a_sound_is_refused(folders: dict[str, Path]) -> None:
    model = Ctc(folders["wav2vec2"], **CPU)
    with pytest.raises(SampleError, match="takes one audio clip per sample; this sample has 0"):
        model.prepare(user("hello"), "conversation")


def test_whisper_says_what_transformers_says(folders: dict[str, Path]) -> None:
    sound = noise(2.5)
    extractor = tf.WhisperFeatureExtractor.from_pretrained(folders["whisper"])
    net = tf.WhisperForConditionalGeneration.from_pretrained(folders["whisper"]).eval()
    inputs = extractor(
        sound.samples, sampling_rate=16000, return_tensors="pt", return_attention_mask=True
    )
    ids = net.generate(**inputs, max_new_tokens=12, do_sample=False)
    tokenizer = tf.AutoTokenizer.from_pretrained(folders["whisper"])
    (expected,) = tokenizer.batch_decode(ids, skip_special_tokens=True)
    (found,) = written(Whisper(folders["whisper"], **CPU), [sound])
    assert found.text == expected.strip()
    assert (found.finish, found.tokens) == ("length", 12)


def test_whisper_goes_through_a_long_sound_window_by_window(folders: dict[str, Path]) -> None:
    model = Whisper(folders["whisper"], **CPU)
    long, short = written(model, [noise(65), noise(5)], GenerationConfig(max_tokens=20))
    assert long.tokens > short.tokens


@pytest.mark.parametrize(
    ("model", "name", "reason"),
    [
        (Ctc, "whisper", "cannot load its"),
        (Whisper, "wav2vec2", "cannot load its model"),
    ],
    ids=["whisper-as-ctc", "ctc-as-whisper"],
)
def test_a_folder_of_another_family_is_refused(
    folders: dict[str, Path], model: Any, name: str, reason: str
) -> None:
    with one_line_error(ModelError, match=reason):
        model(folders[name], **CPU)


def test_a_language_for_a_model_of_one_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="is monolingual"):
        Whisper(folders["whisper"], **CPU, language="de")


def test_real_speech_of_every_sort_goes_through(folders: dict[str, Path]) -> None:
    speech = real_data("speech")
    files = [speech / "jfk.flac", *sorted((speech / "fsdd").glob("*.wav"))[:2]]
    model = Ctc(folders["masked"], **CPU)
    sounds = [decode_sound(file.read_bytes(), file.name, model.rate) for file in files]
    assert len(written(model, sounds)) == 3
    for file, sound in zip(files, sounds, strict=True):
        assert len(sound.samples) / 16000 == pytest.approx(soundfile.info(file).duration, abs=1e-3)
