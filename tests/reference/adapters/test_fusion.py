"""`fusion-nano` as a model: an image, a sound and a sentence in, a likelihood of each class out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mmbench.errors import ModelError, SampleError
from mmbench.protocols import Hears, Prepares, Rates
from mmbench.reference.adapters.fusion import FusionNano
from mmbench.reference.architectures.fusion import Config, Fusion
from mmbench.reference.checkpoints.families import TrainedFusion
from mmbench.reference.checkpoints.folder import write_checkpoint
from mmbench.reference.tokens.words import END, START, UNKNOWN, Words
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.fusion.scene import ANSWERS, trio_at
from mmbench.reference.worlds.shapes.draw import draw
from mmbench.reference.worlds.sounds.make import synthesise
from mmbench.types import Audio, VideoFrames
from tests.support.conversations import prepared, user
from tests.support.media.images import noise_image

WORDS = Words.from_texts(["I see one lamp, two lamps or three"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights, which tells its inputs apart."""
    torch.manual_seed(0)
    small = replace(Config(len(WORDS.words), 4, 3), width=16, heads=2, layers=2, context=8)
    model = Fusion(replace(small, convolutions=(4, 8)))
    torch.nn.init.normal_(model.head.weight, std=1.0)
    out = tmp_path_factory.mktemp("fusion")
    write_checkpoint(out, TrainedFusion(model, tuple(ANSWERS), WORDS), torch.float32)
    return out


@pytest.fixture(scope="module")
def model(folder: Path) -> FusionNano:
    return FusionNano(folder, device="cpu", dtype="float32")


def sound(seed: int = 0, samples: int = 4000) -> Audio:
    noise = np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)
    return Audio(noise, 8000)


TRIOS = [
    user(noise_image(0), sound(0), "I see one lamp\nWhich differs?"),
    user(sound(1, 9000), noise_image(1, (90, 40)), "two lamps"),
    user(noise_image(2), "three", sound(2)),
    user(noise_image(3), sound(3, 9000), "one lamp or two or three lamps, I see lamps"),
    user(noise_image(4), sound(4, 1), "two zeppelins"),
]


# --- the contract -------------------------------------------------------------------------------


def test_what_it_can_do(model: FusionNano) -> None:
    for ability in (Rates, Prepares, Hears):
        assert isinstance(model, ability)
    assert FusionNano.modalities == {"text", "image", "audio"}
    assert model.rate == 8000


def test_the_first_line_is_read_and_cut_to_the_context(model: FusionNano) -> None:
    first, _, _, fourth, fifth = prepared(model, TRIOS)
    ids = [WORDS.words.index(word) for word in ("i", "see", "one", "lamp")]
    assert first.ids == [START, *ids, END]
    assert len(fourth.ids) == 8
    assert fifth.ids == [START, WORDS.words.index("two"), UNKNOWN, END]
    assert first.pixels.shape == (3, 64, 64)
    assert (first.pixels.dtype, first.mel.dtype) == (np.float32, np.float32)
    assert fifth.mel.shape == (4, 40), "silence follows a short sound"


CLIP = VideoFrames(np.zeros((1, 2, 2, 3), np.uint8), (0.0,))


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        ((noise_image(0), sound()), "1, 1 and 0 among 2"),
        ((noise_image(0), "one"), "1, 0 and 1 among 2"),
        ((sound(), "one"), "0, 1 and 1 among 2"),
        ((), "0, 0 and 0 among 0"),
        ((noise_image(0), noise_image(0), sound(), "one"), "2, 1 and 1 among 4"),
        ((noise_image(0), sound(), "one", CLIP), "1, 1 and 1 among 4"),
        ((noise_image(0), "one", sound(), "two"), "1, 1 and 2 among 4"),
    ],
)
def test_anything_but_one_of_each_fails_the_sample(
    model: FusionNano, parts: tuple[Any, ...], counts: str
) -> None:
    with pytest.raises(
        SampleError, match=f"one image, one audio clip and one text; .* has {counts} parts"
    ):
        model.prepare(user(*parts), "conversation")


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file.*train fusion-nano"):
        FusionNano(tmp_path, device="cpu", dtype="float32")


# --- likelihoods --------------------------------------------------------------------------------


def test_the_classes_share_one_probability(model: FusionNano) -> None:
    one = prepared(model, TRIOS)[0]
    rated = model.loglikelihood([one] * 4, list(ANSWERS))
    assert rated.dtype == np.float32
    assert rated[:, 1].tolist() == [1, 1, 1, 1]
    assert np.exp(rated[:, 0].astype(np.float64)).sum() == pytest.approx(1, abs=1e-5)
    assert np.ptp(rated[:, 0]) > 0.01


def test_a_likelihood_does_not_depend_on_the_batch(model: FusionNano) -> None:
    """Sounds of several lengths, mixed."""
    trios = prepared(model, TRIOS)
    texts = ["none", "the image", "the sound", "the sentence", "none"]
    together = model.loglikelihood(trios, texts)
    alone = [model.loglikelihood([one], [text])[0] for one, text in zip(trios, texts, strict=True)]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)
    back = model.loglikelihood(trios[::-1], texts[::-1])[::-1]
    np.testing.assert_allclose(together, back, atol=1e-5)


def test_a_text_that_names_no_class_is_not_rated(model: FusionNano) -> None:
    one = prepared(model, TRIOS)[0]
    rated = model.loglikelihood([one] * 4, [" The Image. ", "the image", "an image", ""])
    assert np.isnan(rated[:, 0]).tolist() == [False, False, True, True]
    assert rated[0, 0] == rated[1, 0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees(model: FusionNano, folder: Path, dtype: str) -> None:
    half = FusionNano(folder, device="cpu", dtype=dtype)
    texts = ["none"] * len(TRIOS)
    ours, exact = (m.loglikelihood(prepared(m, TRIOS), texts) for m in (half, model))
    np.testing.assert_allclose(ours, exact, atol=0.15)  # bfloat16 by torch 2.6: 0.105


# --- the packaged checkpoint --------------------------------------------------------------------

PACKAGED = Path(str(FusionNano.default_checkpoint))


@pytest.fixture(scope="module")
def shipped() -> FusionNano:
    return FusionNano(None, device="cpu", dtype="float32")


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 2e6
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("fusion-nano")


@pytest.mark.slow
def test_it_tells_more_than_any_sum_could_and_not_everything(shipped: FusionNano) -> None:
    """Of the test split; the best sum of what each modality says has .625, chance is .25."""
    right = []
    for index in range(120):
        trio = trio_at("test", 0, index)
        heard = Audio(synthesise(trio.sound).astype(np.float32) / 32768, 8000)
        turns = user(Image.fromarray(draw(trio.image, 64)), heard, trio.sentence)
        one = shipped.prepare(turns, "conversation")
        assert UNKNOWN not in one.ids
        rated = shipped.loglikelihood([one] * 4, list(ANSWERS))
        right.append(int(rated[:, 0].argmax()) == trio.differs)
    assert 0.65 < np.mean(right) < 1
