"""`asr-nano` as a model: one sound to its text, and what the packaged checkpoint can do."""

import json
from collections.abc import Sequence
from pathlib import Path

import jiwer
import numpy as np
import pytest

from mmbench.errors import ModelError, SampleError
from mmbench.media import decode_sound
from mmbench.protocols import Hears, Prepares, Writes
from mmbench.reference.adapters.asr import AsrNano
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.numbers.sources import spoken_numbers
from mmbench.types import Audio, GenerationConfig, Sample
from tests.support.conversations import replies, user

PACKAGED = Path(str(AsrNano.default_checkpoint))


@pytest.fixture(scope="module")
def model() -> AsrNano:
    return AsrNano(PACKAGED, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def samples() -> Sequence[Sample]:
    return spoken_numbers(None).samples[:90]


def heard(samples: list[Sample]) -> list[Audio]:
    files = [Path(sample.inputs["audio"].name) for sample in samples]
    return [decode_sound(file.read_bytes(), file.name, 8000) for file in files]


def written(model: AsrNano, sounds: list[Audio]) -> list[str]:
    return [one.text for one in replies(model, map(user, sounds), GenerationConfig())]


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 4 * 2**20
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("asr-nano")


def test_it_understands_but_not_perfectly(model: AsrNano, samples: list[Sample]) -> None:
    rate = jiwer.wer([str(sample.target) for sample in samples], written(model, heard(samples)))
    assert 0 < rate < 0.5  # chance is about .9


def test_it_writes_prepares_and_hears(model: AsrNano) -> None:
    for ability in (Writes, Prepares, Hears):
        assert isinstance(model, ability)
    assert AsrNano.modalities == {"audio"}
    assert model.rate == 8000


def test_a_text_does_not_depend_on_its_batch(model: AsrNano, samples: list[Sample]) -> None:
    sounds = heard(samples[:12])
    assert len({len(sound.samples) for sound in sounds}) > 6
    assert written(model, sounds) == [written(model, [sound])[0] for sound in sounds]


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.1, 30.0])
def test_a_sound_of_any_length_is_heard(model: AsrNano, seconds: float) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, int(8000 * seconds)).astype(np.float32)
    (text,) = written(model, [Audio(noise, 8000)])
    assert set(text) <= set(" abcdefghijklmnopqrstuvwxyz")
    assert text == text.strip()


def test_tokens_are_letters(model: AsrNano, samples: list[Sample]) -> None:
    found = replies(model, map(user, heard(samples[:2])), GenerationConfig())
    assert all(one.tokens == len(one.text) > 0 for one in found)


def test_half_precision_agrees(model: AsrNano, samples: list[Sample]) -> None:
    half = AsrNano(None, device="cpu", dtype="bfloat16")
    sounds = heard(samples[:20])
    assert jiwer.wer(written(model, sounds), written(half, sounds)) < 0.2


def test_a_conversation_without_a_sound_is_refused(model: AsrNano) -> None:
    with pytest.raises(SampleError, match="takes one audio clip per sample; this sample has 0"):
        model.prepare(user("what is said?"), "conversation")


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        AsrNano(tmp_path, device="cpu", dtype="float32")
