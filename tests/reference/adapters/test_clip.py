"""`clip-nano` as a model: preprocessing, both encoders, and what the packaged checkpoint can do."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mmbench.datasets import RetrievalData
from mmbench.errors import ModelError
from mmbench.protocols import Embeds, Prepares
from mmbench.reference.adapters.clip import ClipNano
from mmbench.reference.adapters.support import crop_square
from mmbench.reference.tokens.words import END, START, UNKNOWN
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.shapes.retrieval import shapes
from tests.support.media.images import noise_image
from tests.support.paths import DATA

PACKAGED = Path(str(ClipNano.default_checkpoint))
COCO = DATA / "coco-mini"


@pytest.fixture(scope="module")
def model() -> ClipNano:
    return ClipNano(PACKAGED, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def data() -> RetrievalData:
    return shapes(None, images=200)


def pictures(data: RetrievalData) -> list[Image.Image]:
    read = (sample.inputs["image"].read() for sample in data.corpus)
    return [Image.open(io.BytesIO(blob)).convert("RGB") for blob in read]


def embedded(model: ClipNano, items: list[Any], modality: Any) -> np.ndarray:
    parts = [
        model.embed([model.prepare(i, modality) for i in items[s : s + 100]], modality, "query")
        for s in range(0, len(items), 100)
    ]
    return np.concatenate(parts)


def recalls(model: ClipNano, data: RetrievalData) -> tuple[float, float]:
    """Recall@1 text to image and image to text, by a dense matrix."""
    images = embedded(model, pictures(data), "image")
    texts = embedded(model, [query.inputs["text"] for query in data.queries], "text")
    scores = texts @ images.T
    owner = np.repeat(np.arange(len(images)), 5)
    to_image = (scores.argmax(1) == owner).mean()
    return float(to_image), float((owner[scores.argmax(0)] == np.arange(len(images))).mean())


# --- the packaged checkpoint --------------------------------------------------------------------


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 6 * 2**20
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("clip-nano")


@pytest.mark.slow
def test_it_knows_the_world_but_not_perfectly(model: ClipNano, data: RetrievalData) -> None:
    to_image, to_text = recalls(model, data)  # among 200 images: easier than among 1,000
    assert 0.5 < to_image < 0.99
    assert 0.5 < to_text < 0.99


@pytest.mark.slow
def test_recall_on_the_whole_test_split(model: ClipNano) -> None:
    to_image, to_text = recalls(model, shapes(None))
    assert 0.30 <= to_image < 0.97
    assert 0.30 <= to_text < 0.97


@pytest.mark.slow
def test_every_word_of_the_world_is_known(model: ClipNano) -> None:
    for query in shapes(None, images=1000).queries:
        assert UNKNOWN not in model.prepare(query.inputs["text"], "text")


# --- the contract -------------------------------------------------------------------------------


def test_it_embeds_and_prepares(model: ClipNano) -> None:
    assert isinstance(model, Embeds)
    assert isinstance(model, Prepares)
    assert ClipNano.modalities == {"text", "image"}


def test_vectors_are_float32_unit_rows(model: ClipNano, data: RetrievalData) -> None:
    for items, modality in ((pictures(data)[:3], "image"), (["a star", "", "x" * 9], "text")):
        vectors = embedded(model, items, modality)
        assert vectors.dtype == np.float32
        assert vectors.shape == (3, 128)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_a_row_does_not_depend_on_its_batch(model: ClipNano, data: RetrievalData) -> None:
    texts = [str(query.inputs["text"]) for query in data.queries[:7]]
    for items, modality in ((pictures(data)[:7], "image"), (texts, "text")):
        together = embedded(model, items, modality)
        alone = np.concatenate([embedded(model, [item], modality) for item in items])
        np.testing.assert_allclose(together, alone, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees(model: ClipNano, data: RetrievalData, dtype: str) -> None:
    half = ClipNano(PACKAGED, device="cpu", dtype=dtype)
    texts = [str(query.inputs["text"]) for query in data.queries[:20]]
    for items, modality in ((pictures(data)[:20], "image"), (texts, "text")):
        ours, exact = embedded(half, items, modality), embedded(model, items, modality)
        assert ours.dtype == np.float32
        assert (ours * exact).sum(1).min() > 0.995


def test_no_folder_means_the_packaged_one(model: ClipNano) -> None:
    other = ClipNano(None, device="cpu", dtype="float32")
    assert np.array_equal(embedded(other, ["a star"], "text"), embedded(model, ["a star"], "text"))


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        ClipNano(tmp_path, device="cpu", dtype="float32")


# --- preprocessing ------------------------------------------------------------------------------


def test_a_long_text_is_cut_to_the_context_and_keeps_its_end(model: ClipNano) -> None:
    ids = model.prepare("a red star " * 100, "text")
    assert len(ids) == 48
    assert (ids[0], ids[-1]) == (START, END)


def test_pixels_are_normalised_channel_first(model: ClipNano) -> None:
    image = Image.new("RGB", (64, 64), (255, 0, 51))
    pixels = model.prepare(image, "image")
    assert isinstance(pixels, np.ndarray)
    assert pixels.dtype == np.float32
    assert pixels.shape == (3, 64, 64)
    expected = [(1 - 0.8) / 0.2, (0 - 0.8) / 0.2, (0.2 - 0.8) / 0.2]
    np.testing.assert_allclose(pixels[:, 5, 7], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        ((64, 64), (0, 0, 64, 64)),  # as it is
        ((128, 64), (32, 0, 96, 64)),  # the middle of a wide one
        ((64, 129), (0, 32, 64, 96)),  # an odd row more below
    ],
)
def test_the_centre_is_kept(size: tuple[int, int], kept: tuple[int, int, int, int]) -> None:
    image = noise_image(0, size)
    assert crop_square(image, 64).tobytes() == image.crop(kept).tobytes()


@pytest.mark.parametrize("size", [(640, 427), (1, 1), (3, 500), (63, 65), (90_000, 2)])
def test_any_size_becomes_square(size: tuple[int, int]) -> None:
    assert crop_square(Image.new("RGB", size), 64).size == (64, 64)


@pytest.mark.skipif(not COCO.is_dir(), reason="no shared/data/coco-mini beside the checkout")
def test_real_images_and_captions_run(model: ClipNano) -> None:
    said = json.loads((COCO / "captions_subset159.json").read_text())
    texts = [note["caption"] for note in said["annotations"]][:50]
    images = [Image.open(path).convert("RGB") for path in sorted(COCO.rglob("*.jpg"))[:8]]
    assert len(images) == 8
    with torch.inference_mode():
        assert np.isfinite(embedded(model, texts, "text")).all()
        assert np.isfinite(embedded(model, images, "image")).all()
