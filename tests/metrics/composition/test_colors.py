"""The colours of objects: crops beside PIL, classes beside clip_benchmark."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmbench.errors import ContentError
from mmbench.media import read_bytes
from mmbench.metrics.composition.colors import COLORS, color_texts, colors_of, crop
from mmbench.types import Detection, Mask, Media
from tests.support.media.images import noise_image


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def test_the_texts() -> None:
    texts = color_texts("fire hydrant")
    assert len(texts) == 30
    assert texts[:4] == [
        "a photo of a red fire hydrant",
        "a photo of a red-colored fire hydrant",
        "a photo of a red object",
        "a photo of a orange fire hydrant",  # the official templates do not adapt the article
    ]


TEMPLATES = ["a photo of a {c} cat", "a photo of a {c}-colored cat", "a photo of a {c} object"]


def embeddings() -> tuple[Any, Any]:
    """Random embeddings of 30 texts, not normalised, and of 50 crops."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 8)), unit(rng.normal(size=(50, 8)))


def test_classes_are_those_of_the_definition() -> None:
    texts, crops = embeddings()
    found = colors_of(crops, unit(texts))
    for vector, color in zip(crops, found, strict=True):
        cosines = {}
        for at, name in enumerate(COLORS):
            mean = sum(text / np.linalg.norm(text) for text in texts[3 * at : 3 * at + 3])
            cosines[name] = float(vector @ mean / np.linalg.norm(mean))
        assert color == max(cosines, key=cosines.__getitem__)
    assert len(set(found)) > 5


@pytest.mark.slow
def test_classes_are_those_of_clip_benchmark() -> None:
    zeroshot = pytest.importorskip(
        "clip_benchmark.metrics.zeroshot_classification", reason="clip-benchmark is not installed"
    )
    texts, crops = embeddings()
    by_text = dict(zip(color_texts("cat"), torch.tensor(texts), strict=True))

    class Encoder:
        def encode_text(self, names: list[str]) -> torch.Tensor:
            return torch.stack([by_text[name] for name in names])

    class Tokens(list[str]):
        def to(self, _: str) -> Tokens:
            return self

    weights = zeroshot.zero_shot_classifier(
        Encoder(), Tokens, list(COLORS), TEMPLATES, "cpu", amp=False
    )
    theirs = (torch.tensor(crops).double() @ weights).argmax(1).tolist()
    assert colors_of(crops, unit(texts)) == [COLORS[at] for at in theirs]


def test_equal_colors_are_the_first() -> None:
    assert colors_of(unit(np.ones((2, 4))), unit(np.ones((30, 4)))) == ["red", "red"]
    assert colors_of(np.zeros((0, 4), np.float32), unit(np.ones((30, 4)))) == []


@pytest.fixture
def image(tmp_path: Path) -> Media:
    noise_image(0, (40, 30)).save(tmp_path / "a.png")
    return Media("image", str(tmp_path / "a.png"))


def cropped(image: Media, *box: float, mask: Mask | None = None) -> Any:
    found = crop(image, Detection("cat", 0.9, box, mask))  # type: ignore[arg-type]
    return np.asarray(Image.open(BytesIO(read_bytes(found))))


def test_a_crop_is_that_of_pil(image: Media) -> None:
    whole = Image.open(image.name)
    for box in [(0, 0, 40, 30), (2.5, 3.5, 20.4, 9.6), (39, 29, 40, 30)]:
        np.testing.assert_array_equal(cropped(image, *box), np.asarray(whole.crop(box)))


def test_what_is_outside_the_mask_is_grey(image: Media) -> None:
    inside = np.random.default_rng(1).random((30, 40)) > 0.5
    mask = Mask.from_bytes(inside.tobytes(), 40)
    found = cropped(image, 5, 6, 25, 26, mask=mask)
    pixels = np.asarray(Image.open(image.name))[6:26, 5:25]
    kept = inside[6:26, 5:25]
    np.testing.assert_array_equal(found[kept], pixels[kept])
    assert (found[~kept] == 0x99).all()


def test_a_crop_that_is_impossible(image: Media) -> None:
    for box in [(4, 4, 4.4, 20), (10, 0, 5, 20)]:
        with pytest.raises(ContentError, match=r"cat in .*a\.png: the box has no pixels"):
            cropped(image, *box)
    other = Mask.from_bytes(bytes(30 * 40), 30)
    short = Mask(40, 30, [3, 4])
    for mask in (other, short):
        with pytest.raises(ContentError, match="does not have the size of the image"):
            cropped(image, 0, 0, 9, 9, mask=mask)


@given(pixels=st.lists(st.booleans(), min_size=1, max_size=40), rows=st.integers(1, 3))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_runs_are_the_pixels(pixels: list[bool], rows: int) -> None:
    data = bytes(pixels * rows)
    mask = Mask.from_bytes(data, len(pixels))
    assert mask.to_bytes() == data
    assert mask.to_bytes(255) == data.replace(b"\1", b"\xff")
    assert (mask.width, mask.height, sum(mask.runs)) == (len(pixels), rows, len(data))
    assert all(run > 0 for run in mask.runs[1:])
