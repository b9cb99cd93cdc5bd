"""The clip adapter on tiny checkpoints of each architecture, beside transformers used by hand."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoProcessor
from transformers.utils import logging

from mmbench.models.contrastive.clip import Clip
from mmbench.protocols import Embeds, Prepares
from tests.support.checkpoints import contrastive
from tests.support.media.images import noise_image

pytestmark = pytest.mark.usefixtures("one_thread")

CLOSE = 1e-5
LONGEST = ["clip", "clip-legacy", "align", "chinese_clip"]
FIXED = ["siglip", "siglip2"]
TEXTS = [*contrastive.SENTENCES, "A CAT, sits!", "", "x", "a plate of food with rice " * 20]


# Wide, tall, tiny, a single pixel, and sizes of real photographs.
SIZES = [(40, 30), (17, 90), (3, 3), (1, 1), (100, 1), (64, 48), (320, 240), (33, 32)]
PICTURES = [noise_image(seed, size) for seed, size in enumerate(SIZES)]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root = tmp_path_factory.mktemp("checkpoints")

    def folder(name: str) -> Path:
        return root / name if (root / name).is_dir() else contrastive.build(name, root / name)

    return folder


@pytest.fixture(scope="session")
def models(folders: Callable[[str], Path]) -> Callable[[str], Clip]:
    return cache(lambda name: load(folders(name)))


def load(folder: Path, dtype: str = "float32", **options: Any) -> Clip:
    return Clip(folder, device="cpu", dtype=dtype, **options)


def embed(model: Clip, items: list[Any], modality: Any) -> np.ndarray:
    return normal(model.embed([model.prepare(item, modality) for item in items], modality, "query"))


def normal(vectors: np.ndarray) -> np.ndarray:
    assert vectors.dtype == np.float32
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def unit(features: Any) -> np.ndarray:
    return torch.nn.functional.normalize(features.pooler_output).numpy()


def test_keeps_the_contract(models: Callable[[str], Clip]) -> None:
    assert Clip.modalities == {"text", "image"}
    model = models("clip")
    assert isinstance(model, Embeds)
    assert isinstance(model, Prepares)


@pytest.mark.parametrize("name", [*LONGEST, *FIXED])
def test_equals_transformers_by_hand(
    folders: Callable[[str], Path], models: Callable[[str], Clip], name: str
) -> None:
    """As the model cards do it: one call of the processor, one of the model."""
    folder = folders(name)
    reference = AutoModel.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder, backend="pil")
    padding = {"padding": "max_length"} if name in FIXED else {"padding": True}
    limit = {"clip": 24, "clip-legacy": 24, "chinese_clip": 24}.get(name, 64)
    inputs = processor(
        text=TEXTS, images=PICTURES, truncation=True, max_length=limit, return_tensors="pt",
        **padding,
    )  # fmt: skip
    images = ("pixel_values", "pixel_attention_mask", "spatial_shapes")
    with torch.inference_mode():
        texts = {key: value for key, value in inputs.items() if key not in images}
        by_text = unit(reference.get_text_features(**texts))
        by_image = unit(
            reference.get_image_features(**{key: inputs[key] for key in images if key in inputs})
        )
    model = models(name)
    np.testing.assert_allclose(embed(model, TEXTS, "text"), by_text, atol=1e-6)
    np.testing.assert_allclose(embed(model, PICTURES, "image"), by_image, atol=1e-6)
    mine = model.prepare(PICTURES[0], "image")
    assert {key: value.tolist() for key, value in mine.items()} == {
        key: inputs[key][0].tolist() for key in images if key in inputs
    }


def at_length(model: Clip, texts: list[str], length: int | None) -> np.ndarray:
    """Features with every text padded to `length`, or to the longest of them."""
    coded = model._encoder.tokenizer.pad(
        {"input_ids": [model.prepare(text, "text") for text in texts]},
        padding="max_length" if length else "longest",
        max_length=length,
        return_tensors="pt",
    )
    with torch.inference_mode():
        return unit(model._encoder.model.get_text_features(**coded))


@pytest.mark.parametrize("name", LONGEST)
def test_longest_of_the_batch_where_it_is_the_same(
    models: Callable[[str], Clip], name: str
) -> None:
    model = models(name)
    texts = ["a cat", "two dogs run in the green park"]
    longest = max(len(model.prepare(text, "text")) for text in texts)
    assert longest < model._encoder.limit
    batch = model._encoder.pad_texts([model.prepare(text, "text") for text in texts])
    assert batch["input_ids"].shape == (2, longest)
    np.testing.assert_allclose(
        embed(model, texts, "text"), at_length(model, texts, model._encoder.limit), atol=CLOSE
    )


@pytest.mark.parametrize("name", FIXED)
def test_maximum_where_the_length_matters(models: Callable[[str], Clip], name: str) -> None:
    model = models(name)
    texts = ["a cat", "two dogs run in the green park"]
    full = at_length(model, texts, contrastive.SIGLIP_TOKENS)
    assert np.abs(at_length(model, texts, None) - full).max() > 0.1
    np.testing.assert_allclose(embed(model, texts, "text"), full, atol=CLOSE)


@pytest.mark.parametrize("name", [*LONGEST, *FIXED])
def test_long_texts_keep_their_end(models: Callable[[str], Clip], name: str) -> None:
    model = models(name)
    ids = model.prepare("a cat sits on the mat " * 50, "text")
    limit = 64 if name in ("align", *FIXED) else contrastive.TOKENS
    assert len(ids) == limit
    assert ids[-1] == model.prepare("a cat", "text")[-1]


@pytest.mark.parametrize("name", [*LONGEST, *FIXED])
@pytest.mark.parametrize("modality", ["text", "image"])
def test_rows_depend_on_their_item_alone(
    models: Callable[[str], Clip], name: str, modality: Any
) -> None:
    """At batch 1, 7 and 64 and in another order."""
    model = models(name)
    items = [model.prepare(item, modality) for item in (TEXTS if modality == "text" else PICTURES)]
    alone = np.concatenate([normal(model.embed([item], modality, "query")) for item in items])
    order = np.random.default_rng(0).permutation(64) % len(items)
    for size in (7, 64):
        batches = [order[at : at + size] for at in range(0, len(order), size)]
        parts = [model.embed([items[i] for i in batch], modality, "query") for batch in batches]
        np.testing.assert_allclose(normal(np.concatenate(parts)), alone[order], atol=CLOSE)


def test_prepare_in_threads(models: Callable[[str], Clip]) -> None:
    model = models("clip")
    texts = [f"{text} {i}" for i in range(40) for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: model.prepare(text, "text"), texts))
        images = list(pool.map(lambda image: model.prepare(image, "image"), PICTURES * 5))
    assert together == [model.prepare(text, "text") for text in texts]
    for image, made in zip(PICTURES * 5, images, strict=True):
        again = model.prepare(image, "image")
        assert isinstance(again, dict)
        assert isinstance(made, dict)
        np.testing.assert_array_equal(again["pixel_values"], made["pixel_values"])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["clip", "siglip2"])
def test_lower_precision(
    folders: Callable[[str], Path], models: Callable[[str], Clip], name: str, dtype: str
) -> None:
    exact, rough = models(name), load(folders(name), dtype)
    for items, modality in ((TEXTS, "text"), (PICTURES, "image")):
        agreement = (embed(exact, items, modality) * embed(rough, items, modality)).sum(1)
        assert agreement.min() > 0.99


def test_says_nothing(folders: Callable[[str], Path], capfd: pytest.CaptureFixture[str]) -> None:
    """Not while loading nor while running, whatever transformers has to remark."""
    before = (logging.get_verbosity(), logging.is_progress_bar_enabled())
    written = [folders(name) for name in ("clip", "siglip", "align")]
    capfd.readouterr()  # what transformers says while the folders are written
    for folder in written:
        model = load(folder)
        embed(model, TEXTS, "text")
        embed(model, PICTURES, "image")
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
