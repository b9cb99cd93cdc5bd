"""Models that speak: a sound depends on its own text alone."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.errors import ContentError, ModelError
from mmbench.models.speech.tts import Tts
from tests.support.checkpoints import text_to_speech

CPU = {"device": "cpu", "dtype": "float32"}
TEXTS = ["a cat sits on the mat", "two dogs", "a large red square above a small blue circle"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, str]]]:
    pytest.importorskip("sentencepiece", reason="needs the extra `tts`")
    root = tmp_path_factory.mktemp("speak")
    speecht5 = text_to_speech.speecht5(root / "speecht5")
    bark = text_to_speech.bark(root / "bark")
    preset = {"speaker": str(text_to_speech.voice(root / "voice.npz"))}
    return {
        "vits": (text_to_speech.vits(root / "vits"), {}), "speecht5": speecht5, "bark": (bark, {}),
        "bark-voice": (bark, preset),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vits", "speecht5", "bark", "bark-voice"])
def test_a_sound_depends_on_its_text_alone(spoken: dict[str, Any], name: str) -> None:
    folder, options = spoken[name]
    model = Tts(folder, **CPU, **options)
    texts = TEXTS[:2] if name.startswith("bark") else TEXTS  # a second of a processor for each
    together = model.speak(texts)
    before = torch.random.get_rng_state()
    alone = [model.speak([text])[0] for text in texts]
    assert torch.equal(before, torch.random.get_rng_state())
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one.samples, other.samples)
        assert one.samples.dtype == np.float32
        assert abs(one.samples).max() <= 1
        assert one.rate == (24000 if name.startswith("bark") else 16000)
        assert len(one.samples) > 10


def test_vits_speaks_as_transformers_does(spoken: dict[str, Any]) -> None:
    folder, _ = spoken["vits"]
    net, words = (
        tf.VitsModel.from_pretrained(folder).eval(),
        tf.AutoTokenizer.from_pretrained(folder),
    )
    model = Tts(folder, **CPU)
    (found,) = model.speak(TEXTS[:1])
    torch.manual_seed(int.from_bytes(blake2b(TEXTS[0].encode(), digest_size=4).digest()))
    with torch.inference_mode():
        wave = net(**words(TEXTS[0], return_tensors="pt")).waveform[0].numpy()
    assert np.allclose(found.samples, wave.clip(-1, 1), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bark", "bark-voice"])
def test_bark_speaks_as_transformers_does(spoken: dict[str, Any], name: str) -> None:
    folder, options = spoken[name]
    net = tf.BarkModel.from_pretrained(folder).eval()
    words = tf.AutoProcessor.from_pretrained(folder)
    found = Tts(folder, **CPU, **options).speak(TEXTS[:2])
    for text, sound in zip(TEXTS, found, strict=False):
        torch.manual_seed(int.from_bytes(blake2b(text.encode(), digest_size=4).digest()))
        with torch.inference_mode():
            wave = net.generate(**words(text, voice_preset=options.get("speaker")))[0].numpy()
        assert np.allclose(sound.samples, wave.clip(-1, 1), atol=1e-6)
    assert not np.array_equal(found[0].samples, found[1].samples)


def test_a_voice_that_bark_does_not_have(spoken: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"speaker v2/en_speaker_99: .*en_speaker_99\.npz"):
        Tts(spoken["bark"][0], **CPU, speaker="v2/en_speaker_99")


def test_nothing_to_speak_fails_alone(spoken: dict[str, Any]) -> None:
    folder, _ = spoken["vits"]
    silent, fine = Tts(folder, **CPU).speak(["  ", "a cat"])
    assert isinstance(silent, ContentError)
    assert len(fine.samples)


def test_speecht5_says_what_it_needs(spoken: dict[str, Any], tmp_path: Path) -> None:
    folder, options = spoken["speecht5"]
    with pytest.raises(ModelError, match="vocoder=FOLDER and --model-arg speaker=FILE"):
        Tts(folder, **CPU)
    (tmp_path / "voice.npy").write_bytes(b"no numbers")
    with pytest.raises(ModelError, match=r"is not a \.npy file"):
        Tts(folder, **CPU, **{**options, "speaker": str(tmp_path / "voice.npy")})


def test_a_text_longer_than_speecht5_reads_fails_alone(spoken: dict[str, Any]) -> None:
    folder, options = spoken["speecht5"]
    failed, fine = Tts(folder, **CPU, **options).speak(["a" * 600, "a cat"])
    with pytest.raises(ContentError, match=r"has \d+ tokens; the limit of the model is 450"):
        raise failed
    assert len(fine.samples)


@pytest.mark.parametrize(
    ("name", "option"), [("vits", "speaker"), ("vits", "vocoder"), ("bark", "vocoder")]
)
def test_an_option_that_a_family_does_not_read_is_refused(
    spoken: dict[str, Any], name: str, option: str
) -> None:
    with pytest.raises(ModelError, match=f"takes no {option}; leave it out"):
        Tts(spoken[name][0], **CPU, **{option: "3"})
