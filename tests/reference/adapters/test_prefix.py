"""`prefix-nano` as a model: what it shares with `llava-nano` holds for it, and it says its name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mmbench.errors import ModelError, SampleError
from mmbench.protocols import Prepares, Rates, Writes
from mmbench.reference.adapters.language import PrefixNano, ReaderInputs
from mmbench.reference.architectures.prefix import Config, Prefix
from mmbench.reference.checkpoints.families import TrainedPrefix
from mmbench.reference.checkpoints.folder import write_checkpoint
from mmbench.reference.tokens.turns import ASSISTANT, IMAGE, USER, vocabulary
from mmbench.reference.tokens.words import START
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.shapes.draw import draw
from mmbench.reference.worlds.shapes.objects import COLOURS
from mmbench.reference.worlds.shapes.scene import scene_at
from mmbench.reference.worlds.shapes.talk import DESCRIBE
from mmbench.types import Audio, GeneratedText, GenerationConfig
from tests.support.conversations import user
from tests.support.media.images import noise_image
from tests.support.networks import lively
from tests.support.paths import ROOT

WORDS = vocabulary(["what colour is the star? red, green and blue. where is it: left or right!"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights, which says this and that and ends now and then."""
    torch.manual_seed(0)
    model = lively(
        Prefix(Config(len(WORDS.words), context=40, width=32, layers=2, heads=2, prefix=5))
    )
    out = tmp_path_factory.mktemp("prefix")
    write_checkpoint(out, TrainedPrefix(model, WORDS), torch.float32)
    return out


@pytest.fixture(scope="module")
def model(folder: Path) -> PrefixNano:
    return PrefixNano(folder, device="cpu", dtype="float32")


def asked(model: PrefixNano, *parts: Any) -> ReaderInputs:
    return model.prepare(user(*parts), "conversation")


def prepared(model: PrefixNano) -> list[ReaderInputs]:
    one = [(noise_image(0), "what colour is the star?"), (noise_image(1), "where?"), ("the star",)]
    two = [("red", noise_image(3), "or blue?"), (noise_image(4), noise_image(5))]
    return [asked(model, *parts) for parts in (*one, (noise_image(2), "where?"), *two)]


def test_what_it_can_do(model: PrefixNano) -> None:
    for ability in (Writes, Rates, Prepares):
        assert isinstance(model, ability)
    assert PrefixNano.modalities == {"text", "image"}


def test_an_image_is_as_many_tokens_as_the_prefix(model: PrefixNano) -> None:
    red, mark = (WORDS.words.index(word) for word in ("red", "?"))
    ids = asked(model, "Red", noise_image(0), "?").ids
    assert ids == [START, USER, red, *[IMAGE] * 5, mark, ASSISTANT]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_answer_does_not_depend_on_its_batch(model: PrefixNano, temperature: float) -> None:
    options, rows = GenerationConfig(max_tokens=9, temperature=temperature), prepared(model)
    together = model.write(rows, options)
    assert together == [model.write([one], options)[0] for one in rows]
    assert len({str(one) for one in together}) > 3


def test_a_likelihood_does_not_depend_on_the_batch(model: PrefixNano) -> None:
    rows, texts = prepared(model), ["red", "green and blue.", "left", "zeppelin", "red", "it"]
    together = model.loglikelihood(rows, texts)
    alone = [model.loglikelihood([one], [text])[0] for one, text in zip(rows, texts, strict=True)]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)


def test_the_image_is_seen(model: PrefixNano) -> None:
    rows = [asked(model, noise_image(seed), "where?") for seed in (0, 1)]
    rated = model.loglikelihood(rows, ["red", "red"])
    assert abs(rated[0, 0] - rated[1, 0]) > 1e-4


def test_what_it_cannot_take_is_said_in_its_name(model: PrefixNano) -> None:
    with pytest.raises(SampleError, match="prefix-nano takes texts and images, but no audio"):
        asked(model, Audio(np.zeros(5, np.float32), 8000), "what?")
    with pytest.raises(SampleError, match="49 tokens; prefix-nano takes fewer than 40"):
        asked(model, noise_image(0), "red " * 41)


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file.*train prefix-nano"):
        PrefixNano(tmp_path, device="cpu", dtype="float32")


def test_a_checkpoint_of_another_model_is_refused(model: PrefixNano) -> None:
    llava = ROOT / "mmbench" / "reference" / "weights" / "llava-nano"
    with pytest.raises(ModelError, match="is a checkpoint of 'llava-nano', not of 'prefix-nano'"):
        PrefixNano(llava, device="cpu", dtype="float32")


# --- the packaged checkpoint --------------------------------------------------------------------

PACKAGED = Path(str(PrefixNano.default_checkpoint))


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 8e6
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("prefix-nano")


def test_it_tells_the_colours_that_are_there() -> None:
    """More of them than it tells of another image: one vector holds colours, if little else."""
    shipped = PrefixNano(None, device="cpu", dtype="float32")
    scenes = [scene_at("test", 0, index) for index in range(40)]
    seen = [asked(shipped, Image.fromarray(draw(scene, 64)), DESCRIBE) for scene in scenes]
    told = [set(one.text.split()) & set(COLOURS) for one in written(shipped, seen)]
    there = [{thing.colour for thing in scene.objects} for scene in scenes]
    right = [len(said & own) / len(own) for said, own in zip(told, there, strict=True)]
    shifted = [*there[1:], there[0]]
    other = [len(said & own) / len(own) for said, own in zip(told, shifted, strict=True)]
    assert np.mean(right) > 0.6 > 0.5 > np.mean(other)


def written(model: PrefixNano, prepared: list[ReaderInputs]) -> list[GeneratedText]:
    said = model.write(prepared, GenerationConfig(max_tokens=60))
    return [one for one in said if isinstance(one, GeneratedText)]
