"""CLIPScore and its relatives on embeddings of a tiny CLIP, beside the official steps."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmbench.metrics.captions.clipscore import clipscore, pac_s, ref_clipscore, ref_pac_s
from mmbench.models.contrastive.clip import Clip
from mmbench.stats import fold
from mmbench.types import Features, InvalidContent, Media, Prediction, Score
from tests.support.checkpoints import contrastive
from tests.support.media.images import noise_image
from tests.support.paths import real_data

ALL: list[Any] = [clipscore, ref_clipscore, pac_s, ref_pac_s]
WEIGHTS = {clipscore: 2.5, ref_clipscore: 2.5, pac_s: 2.0, ref_pac_s: 2.0}
WITH_REFERENCES = (ref_clipscore, ref_pac_s)


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def read(content: Any) -> Any:
    return content if isinstance(content, str) else Image.open(content.name).convert("RGB")


def embedded(metric: Any, predictions: Sequence[Prediction], model: Clip) -> list[Features]:
    """What the engine does with what a metric wants: embed each content, and normalise."""
    assert metric.info.wants.normalise
    features: list[Features] = []
    for prediction in predictions:
        row = {}
        for name, contents in metric.info.wants.contents(prediction).items():
            modality, role = metric.info.wants.modalities[name]
            items = [model.prepare(read(content), modality) for content in contents]
            row[name] = unit(model.embed(items, modality, role))
        features.append(row)
    return features


def official(predictions: Sequence[Prediction], model: Clip, w: float) -> tuple[Any, Any]:
    """The steps of clipscore.py, written out: `get_clip_score`, `get_refonlyclipscore`, `main`."""

    def text(caption: str) -> Any:
        prepared = model.prepare("A photo depicts " + caption, "text")
        return model.embed([prepared], "text", "query")[0].astype(np.float64)

    fit, both = [], []
    for prediction in predictions:
        picture = model.prepare(read(prediction.inputs["image"]), "image")
        image = model.embed([picture], "image", "document")[0].astype(np.float64)
        caption = text(prediction.value)
        image, caption = image / np.sqrt(np.sum(image**2)), caption / np.sqrt(np.sum(caption**2))
        per = w * np.clip(np.sum(image * caption), 0, None)
        nearest = -math.inf
        for reference in prediction.target:
            other = text(reference)
            nearest = max(nearest, float(caption @ (other / np.sqrt(np.sum(other**2)))))
        nearest = max(nearest, 0.0)
        fit.append(per)
        both.append(2 * per * nearest / (per + nearest) if per + nearest else 0.0)
    return np.array(fit), np.array(both)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = contrastive.build("clip", tmp_path_factory.mktemp("checkpoint") / "clip")
    return Clip(folder, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> list[Prediction]:
    """Twelve noise images with a caption and up to three references each."""
    draws, root = np.random.default_rng(0), tmp_path_factory.mktemp("images")
    words = [word for sentence in contrastive.SENTENCES[:6] for word in sentence.split()]
    found = []
    for i in range(12):
        file = root / f"{i}.png"
        noise_image(i, (30, 40)).save(file)
        texts = [" ".join(draws.choice(words, 5)) for _ in range(2 + i % 3)]
        inputs: dict[str, Any] = {"image": Media("image", str(file))}
        found.append(Prediction(str(i), texts[0], texts[1:], inputs=inputs))
    return found


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_it_is_the_official_number(metric: Any, model: Clip, captioned: list[Prediction]) -> None:
    expected = official(captioned, model, WEIGHTS[metric])[metric in WITH_REFERENCES]
    found = metric(captioned, features=embedded(metric, captioned, model))
    assert 0 < np.count_nonzero(expected) < len(expected)  # some are cut at 0
    np.testing.assert_allclose(found.rows[:, 0], expected, rtol=0, atol=1e-6)
    assert found.value == pytest.approx(expected.mean(), abs=1e-6)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
@pytest.mark.parametrize("which", ["good", "bad"])
def test_the_official_example_goes_through(metric: Any, model: Clip, which: str) -> None:
    example = real_data("captions/clipscore/example")
    captions = json.loads((example / f"{which}_captions.json").read_text())
    references = json.loads((example / "refs.json").read_text())
    given_ = [
        Prediction(
            name, caption, references[name],
            inputs={"image": Media("image", str(example / f"images/{name}.jpg"))},
        )
        for name, caption in captions.items()
    ]  # fmt: skip
    expected = official(given_, model, WEIGHTS[metric])[metric in WITH_REFERENCES]
    found = metric(given_, features=embedded(metric, given_, model))
    assert found.value == pytest.approx(expected.mean(), abs=1e-6)


def by_hand(*pairs: tuple[float, list[float]]) -> tuple[list[Prediction], list[Features]]:
    """Features with given cosines of the caption with its image, and with its references."""

    def at(cosine: float) -> list[float]:
        return [cosine, math.sqrt(1 - cosine**2)]

    caption = np.array([[1.0, 0.0]], np.float32)
    features = [
        {
            "caption": caption,
            "image": np.array([at(image)], np.float32),
            "references": np.array([at(cosine) for cosine in references], np.float32),
        }
        for image, references in pairs
    ]
    return [Prediction(str(i), "a", ["b"]) for i in range(len(pairs))], features


def test_by_hand() -> None:
    predictions, features = by_hand((0.3, [0.5, 0.75]), (-0.2, [0.9]), (0.2, [-0.5]), (0.0, [0.0]))
    # 2.5 · 0.3 with 0.75 has the harmonic mean 0.75; one of the two at 0 makes it 0.
    expected = {
        clipscore: [0.75, 0, 0.5, 0],
        ref_clipscore: [0.75, 0, 0, 0],
        pac_s: [0.6, 0, 0.4, 0],
        ref_pac_s: [2 * 0.6 * 0.75 / 1.35, 0, 0, 0],
    }
    for metric, rows in expected.items():
        found = metric(predictions, features=features)
        np.testing.assert_allclose(found.rows[:, 0], rows, atol=1e-7)


COSINES = st.floats(-1, 1)
CASES = st.lists(st.tuples(COSINES, st.lists(COSINES, min_size=1, max_size=3)), max_size=8)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
@settings(max_examples=40, derandomize=True)
@given(cases=CASES, backwards=st.booleans())
def test_what_holds_always(metric: Callable[..., Score], cases: Any, backwards: bool) -> None:
    predictions, features = by_hand(*cases)
    found = metric(predictions, features=features)
    assert found.rows.shape == (len(cases), 1)
    assert (found.fold, found.better) == ("mean", "higher")
    if not cases:
        assert math.isnan(found.value)
        return
    assert fold(found.fold, found.rows) == found.value
    assert found.worst == 0
    assert found.best is not None
    assert 0 <= found.rows.min() <= found.rows.max() <= found.best
    moved = metric(predictions[::-1], features=features[::-1])
    assert moved.value == pytest.approx(found.value, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_a_caption_that_is_the_image_is_perfect(metric: Callable[..., Score]) -> None:
    predictions, features = by_hand((1.0, [0.2, 1.0]))
    found = metric(predictions, features=features)
    assert found.value == found.best


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_what_is_wanted(metric: Any) -> None:
    image = Media("image", "a.jpg")
    wants = metric.info.wants
    asked = wants.contents(Prediction("1", "a cat", ["a dog", "cats"], inputs={"image": image}))
    expected: dict[str, Any] = {"caption": ["A photo depicts a cat"], "image": [image]}
    if metric in WITH_REFERENCES:
        expected["references"] = ["A photo depicts a dog", "A photo depicts cats"]
    assert asked == expected
    assert set(wants.modalities) == set(expected)
    by_clip = metric in (clipscore, ref_clipscore)
    assert wants.model == ("clip@openai/clip-vit-base-patch32" if by_clip else None)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_a_caption_without_image_or_references_fails(metric: Any) -> None:
    (image,) = metric.info.wants.contents(Prediction("1", "a cat", ["a dog"]))["image"]
    assert isinstance(image, InvalidContent)
    assert "no image" in image.reason
    inputs: dict[str, Any] = {"image": Media("image", "a.jpg")}
    contents = metric.info.wants.contents(Prediction("1", "a cat", [], inputs=inputs))
    broken = [c for listed in contents.values() for c in listed if isinstance(c, InvalidContent)]
    assert len(broken) == (metric in WITH_REFERENCES)
    assert all("no reference" in content.reason for content in broken)


def test_the_signature_tells_prefix_and_weight() -> None:
    found = [metric([], features=[]).signature for metric in ALL]
    assert found[0] == found[1] == "fold=mean,prefix=A photo depicts,weight=2.5"
    assert found[2] == found[3] == "fold=mean,prefix=A photo depicts,weight=2"
