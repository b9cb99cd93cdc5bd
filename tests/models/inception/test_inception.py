"""The inception adapter on random weights, beside torch-fidelity's network and both resizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mmbench.errors import ModelError
from mmbench.models.inception.adapter import Inception
from mmbench.models.inception.network import InceptionNet
from mmbench.models.inception.resize import clean_bicubic, tf_bilinear
from mmbench.protocols import Embeds, Prepares
from tests.support.checkpoints.inception import NAME, inception
from tests.support.errors import one_line_error

# Small, of other shapes than square, larger than 299, and 299 itself.
SIZES = [(32, 32), (17, 90), (1, 1), (400, 310), (299, 299), (640, 7)]


def picture(seed: int, width: int, height: int) -> Image.Image:
    """Coarse patches and noise, so that a resize has something to smear."""
    draws = np.random.default_rng(seed)
    coarse = Image.fromarray(draws.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((width, height), Image.Resampling.NEAREST), np.int16)
    noisy = pixels + draws.integers(-40, 41, pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


PICTURES = [picture(seed, *size) for seed, size in enumerate(SIZES)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return inception(tmp_path_factory.mktemp("inception"))


@pytest.fixture(scope="module")
def fidelity() -> Any:
    """torch-fidelity's network. Its package needs torchvision."""
    return pytest.importorskip(
        "torch_fidelity.feature_extractor_inceptionv3", reason="see `make test-torchvision`"
    )


def load(file: Path | None, **options: Any) -> Inception:
    return Inception(file, device="cpu", dtype="float32", **options)


def embed(model: Inception, pictures: list[Image.Image]) -> Any:
    return model.embed([model.prepare(p, "image") for p in pictures], "image", "document")


def chw(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image).transpose(2, 0, 1).copy())[None]


def test_it_is_a_model_of_images(weights: Path) -> None:
    model = load(weights)
    assert isinstance(model, Embeds)
    assert isinstance(model, Prepares)
    assert Inception.modalities == {"image"}


def test_the_features_are_those_of_torch_fidelity(weights: Path, fidelity: Any) -> None:
    layers = {"2048": 2048, "logits_unbiased": 1008}
    official = fidelity.FeatureExtractorInceptionV3("official", list(layers), str(weights))
    with torch.inference_mode():
        rows = [official(chw(p)) for p in PICTURES[:4]]
    for i, (layer, width) in enumerate(layers.items()):
        expected = torch.cat([row[i] for row in rows]).numpy()
        found = embed(load(weights, resize="tf", layer=layer), PICTURES[:4])
        assert found.dtype == np.float32
        assert found.shape == expected.shape == (4, width)
        scale = np.abs(expected).max()
        assert np.abs(expected - expected.mean(axis=0)).max() > 0.01 * scale  # pictures do differ
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("image", PICTURES, ids=lambda image: str(image.size))
def test_the_tf_resize_is_torch_fidelitys_to_the_bit(image: Image.Image, fidelity: Any) -> None:
    official = fidelity.interpolate_bilinear_2d_like_tensorflow1x(
        chw(image).float(), size=(299, 299), align_corners=False
    )
    np.testing.assert_array_equal(tf_bilinear(image), official[0].numpy())


@pytest.mark.parametrize("image", PICTURES, ids=lambda image: str(image.size))
def test_the_clean_resize_is_clean_fids_to_the_bit(image: Image.Image) -> None:
    package = pytest.importorskip("cleanfid.resize")
    resize = package.make_resizer("PIL", False, "bicubic", (299, 299))
    expected = resize(np.asarray(image)).transpose(2, 0, 1)
    found = clean_bicubic(image)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_clean_features_are_of_the_clean_resize(weights: Path, fidelity: Any) -> None:
    """An image of 299 x 299 that is clean-resized already goes through torch-fidelity as it is."""
    whole = Image.fromarray(clean_bicubic(PICTURES[3]).round().astype(np.uint8).transpose(1, 2, 0))
    official = fidelity.FeatureExtractorInceptionV3("official", ["2048"], str(weights))
    with torch.inference_mode():
        expected = official(chw(whole))[0].numpy()
    found = embed(load(weights, resize="clean"), [whole])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    other = embed(load(weights, resize="tf"), [PICTURES[3]])
    assert np.abs(other - found).max() > 1e-3 * np.abs(found).max()


def test_a_row_depends_on_its_own_image(weights: Path) -> None:
    model = load(weights)
    together, alone = embed(model, PICTURES[:3]), embed(model, PICTURES[1:2])
    np.testing.assert_allclose(together[1:2], alone, rtol=0, atol=1e-5 * np.abs(alone).max())


@pytest.mark.slow
def test_bfloat16_is_near_and_comes_as_float32(weights: Path) -> None:
    exact = embed(load(weights), PICTURES[:1])
    rough = embed(Inception(weights, device="cpu", dtype="bfloat16"), PICTURES[:1])
    assert rough.dtype == np.float32
    assert 0 < np.linalg.norm(rough - exact) < 0.1 * np.linalg.norm(exact)


def test_the_folder_of_the_file_will_do(weights: Path) -> None:
    np.testing.assert_array_equal(
        embed(load(weights.parent), PICTURES[:1]), embed(load(weights), PICTURES[:1])
    )


def test_without_weights_it_says_what_to_type(tmp_path: Path) -> None:
    for given in (None, tmp_path, tmp_path / "absent.pth"):
        with pytest.raises(ModelError, match=f"pass --inception FILE .*https://.*{NAME}"):
            load(given)


def test_other_files_are_refused(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> Any:
            return exec, ("raise SystemExit('was run')",)

    files: dict[str, Any] = {
        "text": b"not weights at all",
        "empty": b"",
        "a list": [torch.zeros(2)],
        "another network": torch.nn.Linear(3, 4).state_dict(),
        "another shape": {**InceptionNet().state_dict(), "fc.weight": torch.zeros(1000, 2048)},
        "code": Harmful(),
    }
    for name, content in files.items():
        file = tmp_path / name
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            torch.save(content, file)
        with one_line_error(ModelError, match="--inception FILE") as caught:
            load(file)
        assert name in str(caught.value)


@pytest.mark.parametrize("option", ["resize", "layer"])
def test_an_unknown_option_is_told(weights: Path, option: str) -> None:
    with pytest.raises(ModelError, match=f"{option} must be .* or .*, not 'bilinear'"):
        load(weights, **{option: "bilinear"})
