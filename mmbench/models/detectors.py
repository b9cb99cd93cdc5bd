"""Object detectors of transformers: boxes, or boxes with the pixels of each object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from mmbench.errors import ModelError
from mmbench.models.support.arrays import Arrays, process_item, stack_batch
from mmbench.models.support.groups import map_groups, shape_key
from mmbench.models.support.pretrained import (
    checkpoint_folder,
    load_image_processor,
    load_model,
)
from mmbench.text import listed
from mmbench.types import Detection, Mask, Modality

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

# Names of classes of COCO in other files, such as PASCAL VOC's and darknet's coco.names.
_SYNONYMS = {
    "aeroplane": "airplane",
    "diningtable": "dining table",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "tvmonitor": "tv",
}


class PreparedImage(NamedTuple):
    """The model inputs of an image, and its width and height in pixels."""

    arrays: Arrays
    size: tuple[int, int]


Box = tuple[float, float, float, float]


class _Object(NamedTuple):
    """An object in an image: the index of its class, its confidence, box and pixels."""

    number: int
    score: float
    box: Box
    mask: Mask | None = None


class Detector:
    """A model that AutoModelForObjectDetection can load: DETR, RT-DETR, YOLOS; it finds boxes.

    `folder` is a checkpoint folder, `device` cpu, cuda or cuda:N, and `dtype` the name of a torch
    dtype. Objects with a confidence of at most `threshold` are left out. Boxes are clipped to the
    image. Scores and boxes are those of the post-processing of transformers. Only images of equal
    shapes share a batch, so nothing is padded. Raises ModelError if the folder does not hold such a
    model, or for a threshold outside [0, 1).
    """

    version = 1
    modalities: frozenset[Modality] = frozenset({"image"})
    default_checkpoint: str | None = "facebook/detr-resnet-50"
    _name: ClassVar[str] = "detector"
    _auto: ClassVar[str] = "AutoModelForObjectDetection"
    _step: ClassVar[str] = "post_process_object_detection"
    _options: ClassVar[dict[str, bool]] = {}

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, threshold: float = 0.1
    ) -> None:
        if not 0 <= threshold < 1:
            raise ModelError(
                f"model {self._name}: threshold is {threshold}; give a number from 0 to below 1"
            )
        folder = checkpoint_folder(folder, self._name, self.default_checkpoint)
        self._device, self._dtype, self._threshold = device, dtype, threshold
        self._model = load_model(folder, device=device, dtype=dtype, auto=self._auto)
        self._processor: Any = load_image_processor(folder)
        if not hasattr(self._processor, self._step):
            raise ModelError(f"checkpoint {folder}: its image processor has no {self._step}")
        self._names = {int(i): _plain(name) for i, name in self._model.config.id2label.items()}

    def prepare(self, item: Image, modality: Modality) -> PreparedImage:  # noqa: ARG002
        """Return the model inputs of an RGB image, and its size."""
        return PreparedImage(process_item(self._processor, item), item.size)

    def detect(
        self, images: Sequence[PreparedImage], labels: Sequence[str]
    ) -> list[list[Detection]]:
        """Return the objects of the classes `labels` in n prepared images, by falling confidence.

        A class of the model has the label with the same letters, or with a known synonym (tvmonitor
        for tv). Raises ModelError for a label that no class of the model has.
        """
        known = set(self._names.values())
        unknown = [label for label in labels if _plain(label) not in known]
        if unknown:
            raise ModelError(
                f"model {self._name}: the checkpoint does not detect {listed(unknown)}; use one"
                " that was trained on these classes, such as a model of COCO's 80 classes"
            )
        wanted = {_plain(label): label for label in labels}
        by_number = {i: wanted[name] for i, name in self._names.items() if name in wanted}
        found = map_groups(images, lambda image: shape_key(image.arrays), self._forward)
        return [
            [
                Detection(by_number[one.number], one.score, one.box, one.mask)
                for one in sorted(objects, key=lambda one: (-one.score, one.number, one.box))
                if one.number in by_number
            ]
            for objects in found
        ]

    def _forward(self, images: list[PreparedImage]) -> list[list[_Object]]:
        """Return the objects of all classes in each of several images of equal input shape."""
        import torch

        with torch.inference_mode():
            batch = stack_batch([image.arrays for image in images], self._device, self._dtype)
            outputs = self._model(**batch)
            for name, values in outputs.items():
                if isinstance(values, torch.Tensor) and values.is_floating_point():
                    outputs[name] = values.float().cpu()
            sizes = [(height, width) for width, height in (image.size for image in images)]
            step = getattr(self._processor, self._step)
            results = step(outputs, threshold=self._threshold, target_sizes=sizes, **self._options)
        return [
            self._objects(result, image.size) for result, image in zip(results, images, strict=True)
        ]

    def _objects(self, result: Any, size: tuple[int, int]) -> list[_Object]:
        columns = (result[name].tolist() for name in ("labels", "scores", "boxes"))
        return [
            _Object(number, score, _clipped(box, size))
            for number, score, box in zip(*columns, strict=True)
        ]


class Segmenter(Detector):
    """A model of instance segmentation that AutoModelForUniversalSegmentation loads: Mask2Former.

    The box of an object is the smallest box around its pixels. An object without pixels is left
    out. The other properties are those of Detector.
    """

    default_checkpoint: str | None = "facebook/mask2former-swin-small-coco-instance"
    _name = "segmenter"
    _auto = "AutoModelForUniversalSegmentation"
    _step = "post_process_instance_segmentation"
    _options: ClassVar[dict[str, bool]] = {"return_binary_maps": True}

    def _objects(self, result: Any, size: tuple[int, int]) -> list[_Object]:  # noqa: ARG002
        # Without any object, the segmentation is not a list of masks.
        parts = zip(result["segments_info"], result["segmentation"], strict=False)
        masks = [(info, pixels.numpy() > 0) for info, pixels in parts]
        return [
            _Object(
                info["label_id"],
                info["score"],
                box_around(pixels),
                Mask.from_bytes(pixels.tobytes(), pixels.shape[1]),
            )
            for info, pixels in masks
        ]


def box_around(pixels: NDArray[np.bool_]) -> Box:
    """Return the smallest box around the pixels of an object [height, width]."""
    import numpy as np

    rows, columns = (np.flatnonzero(pixels.any(axis=axis)) for axis in (1, 0))
    return float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1


def _clipped(box: Sequence[float], size: tuple[int, int]) -> Box:
    """Return a box clipped to an image of a width and a height; NaN stays NaN."""
    width, height = map(float, size)
    # A comparison with NaN is false.
    left, top, right, bottom = (
        0.0 if at < 0 else end if at > end else at
        for at, end in zip(box, (width, height, width, height), strict=True)
    )
    return left, top, right, bottom


def _plain(name: object) -> str:
    """Return the name of a class in lower case; of synonyms, the name that COCO uses."""
    lower = str(name).strip().lower()
    return _SYNONYMS.get(lower, lower)
