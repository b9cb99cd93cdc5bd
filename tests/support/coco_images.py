"""Small real data sets and plugin models that several tests use."""

import json
from pathlib import Path
from typing import ClassVar

import numpy as np

import mmbench
from tests.support.images import save_image

COLOURS = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (50, 80, 220)}


def make_coco(folder: Path, n: int = 6) -> Path:
    """A COCO captions folder: n images of one colour and one size each, two captions each."""
    images, annotations = [], []
    for i in range(n):
        name, colour = list(COLOURS.items())[i % 3]
        path = folder / "images" / f"{i:012}.png"
        red, green, blue = colour
        save_image(path, (red - i, green - i, blue - i), (32 + i, 32))
        images.append({"id": i, "file_name": path.name})
        for j, text in enumerate((f"a {name} picture {i}", f"all {name}, number {i}")):
            annotations.append({"id": 10 * i + j, "image_id": i, "caption": text})
    write_coco(folder, images, annotations)
    return folder


def write_coco(folder: Path, images: list[object], annotations: list[object]) -> None:
    text = json.dumps({"images": images, "annotations": annotations})
    (folder / "captions.json").write_text(text)


def read_coco(folder: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    raw = json.loads((folder / "captions.json").read_text())
    return raw["images"], raw["annotations"]


@mmbench.register("model", "test-means")
class Means:
    """Mean colours, and letter counts: fast, and a row depends on its own item alone."""

    modalities = frozenset({"text", "image"})
    version = 1
    identity = "mean colours"  # what a program registers is cached only under an identity
    batches: ClassVar[list[int]] = []  # sizes of the batches asked of all instances
    broken: str | None = None  # what the next vectors contain
    memory = 10**9  # items that fit into the memory

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        pass

    def embed(self, items: list[object], modality: str, role: str) -> np.ndarray:
        import torch

        if len(items) > Means.memory:
            raise torch.OutOfMemoryError("CUDA out of memory")
        Means.batches.append(len(items))
        one = self._text if modality == "text" else self._image
        vectors = np.stack([one(item) for item in items]).astype(np.float32)
        if Means.broken == modality:
            vectors[0] = np.nan
        return vectors

    def _text(self, text: str) -> np.ndarray:
        return 0.01 + np.array([text.count(name) for name in COLOURS], np.float32)

    def _image(self, image: object) -> np.ndarray:
        return np.asarray(image, np.float32).mean(axis=(0, 1)) / 255
