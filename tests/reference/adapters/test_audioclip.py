"""`audioclip-nano` as a model: sounds, texts and tags, and what the packaged checkpoint can do."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmbench.datasets import RetrievalData
from mmbench.errors import ModelError
from mmbench.protocols import Classifies, Embeds, Hears, Prepares
from mmbench.reference.adapters.audioclip import AudioclipNano
from mmbench.reference.tokens.words import UNKNOWN
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.sounds.scene import SOUNDS
from mmbench.reference.worlds.sounds.sources import sounds
from mmbench.types import Audio

PACKAGED = Path(str(AudioclipNano.default_checkpoint))


@pytest.fixture(scope="module")
def model() -> AudioclipNano:
    return AudioclipNano(PACKAGED, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def data() -> RetrievalData:
    return sounds(None, sounds=150)


def heard(data: RetrievalData) -> list[Audio]:
    read = (
        soundfile.read(io.BytesIO(s.inputs["audio"].read()), dtype="float32") for s in data.corpus
    )
    return [Audio(samples, rate) for samples, rate in read]


def embedded(model: AudioclipNano, items: list[Any], modality: Any) -> np.ndarray:
    return model.embed([model.prepare(item, modality) for item in items], modality, "query")


# --- the packaged checkpoint --------------------------------------------------------------------


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 4 * 2**20
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("audioclip-nano")


def test_it_knows_the_world_but_not_perfectly(model: AudioclipNano, data: RetrievalData) -> None:
    """Recall@1 among 150 sounds, where chance is .007."""
    audio = embedded(model, heard(data), "audio")
    scores = embedded(model, [q.inputs["text"] for q in data.queries], "text") @ audio.T
    owner = np.repeat(np.arange(150), 4)
    assert 0.3 < (scores.argmax(1) == owner).mean() < 0.95
    assert 0.3 < (owner[scores.argmax(0)] == np.arange(150)).mean() < 1


def test_it_tags_what_sounds(model: AudioclipNano, data: RetrievalData) -> None:
    logits = model.classify([model.prepare(one, "audio") for one in heard(data)], "audio")
    true = np.zeros(logits.shape, bool)
    for row, sample in enumerate(data.corpus):
        true[row, sample.target] = True
    assert 0.8 < ((logits > 0) == true).mean() <= 1


def test_every_word_of_the_world_is_known(model: AudioclipNano) -> None:
    for query in sounds(None, sounds=500).queries:
        assert UNKNOWN not in model.prepare(query.inputs["text"], "text")
        assert len(model.prepare(query.inputs["text"], "text")) < 40  # nothing is cut


# --- the contract -------------------------------------------------------------------------------


def test_it_embeds_classifies_and_prepares(model: AudioclipNano) -> None:
    for ability in (Embeds, Classifies, Prepares, Hears):
        assert isinstance(model, ability)
    assert AudioclipNano.modalities == {"text", "audio"}
    assert (model.labels, model.rate) == (list(SOUNDS), 8000)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.1, 2.4, 30.0])
def test_a_sound_of_any_length_is_heard(model: AudioclipNano, seconds: float) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, int(8000 * seconds)).astype(np.float32)
    (vector,) = embedded(model, [Audio(noise, 8000)], "audio")
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, rel=1e-5)


def test_a_row_does_not_depend_on_its_batch(model: AudioclipNano, data: RetrievalData) -> None:
    """Sounds of several lengths, mixed."""
    some = heard(data)[:6]
    items = [Audio(one.samples[: 19200 - 3000 * (i % 3)], 8000) for i, one in enumerate(some)]
    together = embedded(model, items, "audio")
    alone = np.concatenate([embedded(model, [item], "audio") for item in items])
    np.testing.assert_allclose(together, alone, atol=2e-6)
    logits = [
        model.classify([model.prepare(i, "audio") for i in part], "audio")
        for part in (items, items[:1])
    ]
    np.testing.assert_allclose(logits[0][:1], logits[1], atol=1e-4)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees(model: AudioclipNano, data: RetrievalData, dtype: str) -> None:
    half = AudioclipNano(None, device="cpu", dtype=dtype)
    texts = [query.inputs["text"] for query in data.queries[:10]]
    for items, modality in ((heard(data)[:10], "audio"), (texts, "text")):
        ours, exact = embedded(half, items, modality), embedded(model, items, modality)
        assert ours.dtype == np.float32
        assert (ours * exact).sum(1).min() > 0.99


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        AudioclipNano(tmp_path, device="cpu", dtype="float32")
