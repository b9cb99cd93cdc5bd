"""Object detectors beside the steps of transformers, on tiny checkpoints with random weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from PIL import Image

from mmbench.engine.dispatch import call, decode_output
from mmbench.errors import ContentError, ModelError
from mmbench.models.detectors import Detector, Segmenter, box_around
from mmbench.models.support.pretrained import load_image_processor
from mmbench.types import Detection, Mask, Requests
from tests.support.checkpoints.detectors import mask2former, yolos
from tests.support.media.images import noise_image

LABELS = ["person", "bicycle", "motorcycle", "bench", "tv", "dog"]  # COCO's name of the motorbike
CPU: dict[str, Any] = {"device": "cpu", "dtype": "float32"}
IMAGES = [noise_image(0), noise_image(1), noise_image(2, (64, 64))]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("detectors")
    return {"boxes": yolos(root / "boxes"), "masks": mask2former(root / "masks")}


def found(model: Detector, images: list[Image.Image], labels: list[str]) -> list[list[Detection]]:
    return model.detect([model.prepare(image, "image") for image in images], labels)


def test_boxes_are_those_of_transformers(folders: dict[str, Path]) -> None:
    model = Detector(folders["boxes"], **CPU, threshold=0.2)
    net = tf.YolosForObjectDetection.from_pretrained(folders["boxes"]).eval()
    processor: Any = load_image_processor(folders["boxes"])
    for image, objects in zip(IMAGES, found(model, IMAGES, LABELS), strict=True):
        with torch.inference_mode():
            outputs = net(processor(image, return_tensors="pt")["pixel_values"])
        sizes = [(image.height, image.width)]
        (plain,) = processor.post_process_object_detection(outputs, 0.2, sizes)
        assert len(objects) == len(plain["scores"]) > 0
        ends = torch.tensor([*image.size, *image.size])
        for one, row in zip(objects, plain["scores"].argsort(descending=True), strict=True):
            number, score, box = (plain[name][row] for name in ("labels", "scores", "boxes"))
            assert one.label == LABELS[number]
            assert one.score == pytest.approx(float(score), rel=1e-5)
            assert one.box == pytest.approx(box.clamp(min=0).minimum(ends).tolist(), abs=1e-3)
            assert one.mask is None


def test_masks_are_those_of_transformers(folders: dict[str, Path]) -> None:
    model = Segmenter(folders["masks"], **CPU)
    net = tf.Mask2FormerForUniversalSegmentation.from_pretrained(folders["masks"]).eval()
    processor: Any = load_image_processor(folders["masks"])
    n = 0
    for image, objects in zip(IMAGES, found(model, IMAGES, LABELS), strict=True):
        with torch.inference_mode():
            outputs = net(processor(image, return_tensors="pt")["pixel_values"])
        (plain,) = processor.post_process_instance_segmentation(
            outputs, 0.1, target_sizes=[(image.height, image.width)], return_binary_maps=True
        )
        infos = plain["segments_info"]
        rows = sorted(range(len(infos)), key=lambda row: -infos[row]["score"])
        for one, row in zip(objects, rows, strict=True):
            info, pixels = infos[row], plain["segmentation"][row]
            assert one.label == LABELS[info["label_id"]]
            assert one.score == pytest.approx(info["score"], abs=1e-5)
            assert one.mask is not None
            assert (one.mask.width, one.mask.height) == image.size
            inside = np.frombuffer(one.mask.to_bytes(), np.uint8).reshape(pixels.shape)
            np.testing.assert_array_equal(inside, pixels.numpy())
            left, top, right, bottom = map(int, one.box)
            assert inside[top:bottom, left:right].sum() == inside.sum()
            assert inside[:, left].any()
            assert inside[bottom - 1].any()
            n += 1
    assert n > 10


def test_a_box_around_pixels() -> None:
    pixels = np.zeros((5, 7), bool)
    pixels[1, 2] = pixels[3, 6] = True
    assert box_around(pixels) == (2, 1, 7, 4)


@pytest.mark.parametrize("kind", ["boxes", pytest.param("masks", marks=pytest.mark.slow)])
def test_objects_do_not_depend_on_the_batch(folders: dict[str, Path], kind: str) -> None:
    model = (Detector if kind == "boxes" else Segmenter)(folders[kind], **CPU)
    together = found(model, IMAGES, LABELS)
    alone = [found(model, [image], LABELS)[0] for image in IMAGES]
    for objects, single in zip(together, alone, strict=True):
        assert [one.label for one in objects] == [one.label for one in single]
        assert [one.score for one in objects] == pytest.approx([o.score for o in single], rel=1e-3)


def test_only_the_labels_and_confident_objects(folders: dict[str, Path]) -> None:
    everything = found(Detector(folders["boxes"], **CPU), IMAGES, LABELS)
    tvs = found(Detector(folders["boxes"], **CPU), IMAGES, ["TV"])
    assert {one.label for objects in tvs for one in objects} == {"TV"}
    assert [len(objects) for objects in tvs] == [
        sum(one.label == "tv" for one in objects) for objects in everything
    ]
    sure = found(Detector(folders["boxes"], **CPU, threshold=0.99), IMAGES, LABELS)
    assert sum(map(len, sure)) < sum(map(len, everything))
    assert found(Detector(folders["boxes"], **CPU), IMAGES, []) == [[], [], []]


def test_faults_are_one_line(folders: dict[str, Path]) -> None:
    model = Detector(folders["boxes"], **CPU)
    with pytest.raises(ModelError, match=r"does not detect cat, zebra; use one that was trained"):
        found(model, IMAGES, ["cat", "tv", "zebra"])
    with pytest.raises(ModelError, match="threshold is 1; give a number from 0 to below 1"):
        Detector(folders["boxes"], **CPU, threshold=1)
    with pytest.raises(ModelError, match="model segmenter needs a checkpoint; type segmenter@face"):
        Segmenter(None, **CPU)
    with pytest.raises(ModelError):
        Segmenter(folders["boxes"], **CPU)


class Returns:
    """A detector that returns the same for each image."""

    modalities = frozenset({"image"})

    def __init__(self, output: Any) -> None:
        self.output = output

    def detect(self, images: Any, labels: Any) -> Any:
        return [self.output] * len(images)


REQUESTS = Requests([], "image", method="detect", labels=("tv",))


def test_objects_are_stored_and_read() -> None:
    objects = [
        Detection("tv", 0.5, (0, 0.25, 3, 4), Mask(3, 4, [2, 10])),
        Detection('a "name"\n', 1e-9, (1, 2, 3, 4)),
    ]
    (row,) = call(Returns(objects), ["image"], REQUESTS, "model x")
    assert isinstance(row, bytes)
    assert decode_output(row, "detect") == objects
    (row,) = call(Returns([]), ["image"], REQUESTS, "model x")
    assert row == b"[]"


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_fail_the_image(number: float) -> None:
    for one in (Detection("tv", number, (0, 0, 1, 1)), Detection("tv", 1, (0, number, 1, 1))):
        (row,) = call(Returns([one]), ["image"], REQUESTS, "model x")
        assert isinstance(row, ContentError)
        assert "the box or the score of a 'tv' is NaN or infinity" in str(row)


@pytest.mark.parametrize(
    "output",
    [None, "tv", [1], [Detection("tv", 1, (0, 1))], [Detection(3, 1, (0, 1, 2, 3))]],  # type: ignore[arg-type]
)
def test_other_outputs_are_an_error_of_the_model(output: Any) -> None:
    with pytest.raises(ModelError, match=r"detect returned a .*; return a list of mmbench\.types"):
        call(Returns(output), ["image"], REQUESTS, "model x")
