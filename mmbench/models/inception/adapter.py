"""Adapter for the Inception network of 2015-12-05, which returns FID features or logits."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from mmbench.errors import ModelError
from mmbench.models.inception.resize import clean_bicubic, tf_bilinear
from mmbench.models.support.arrays import float32_array
from mmbench.models.support.library_messages import reason
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.models.inception.network import InceptionNet
    from mmbench.types import Array

Resize = Literal["tf", "clean"]
Layer = Literal["2048", "logits_unbiased"]

_FILE = "weights-inception-2015-12-05-6726825d.pth"
_URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{_FILE}"
_HINT = f"pass --inception FILE with torch-fidelity's {_FILE}, published at {_URL}"


class Inception:
    """The Inception network of 2015-12-05 with the weights of torch-fidelity.

    `folder` is the weights file or the folder that contains it. `resize` is `tf`, TensorFlow's
    bilinear resize without antialiasing as in torch-fidelity, or `clean`, clean-fid's bicubic
    resize, which is computed in float for each channel. `layer` is the output: `2048`, the pooled
    features for FID, [n, 2048], or `logits_unbiased`, the logits without bias for the Inception
    score, [n, 1008]. `device` is cpu, cuda or cuda:N; `dtype` is float32 (as in published scores),
    bfloat16 or float16. Code in the file is never executed. Raises ModelError, with the download
    URL of the weights, if they are missing or invalid.
    """

    modalities: frozenset[Modality] = frozenset({"image"})
    version = 1
    default_checkpoint: str | None = None
    checkpoints = ("*",)  # a file with any name, or its folder

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        resize: Resize = "tf",
        layer: Layer = "2048",
    ) -> None:
        import torch

        _check("resize", resize, get_args(Resize))
        _check("layer", layer, get_args(Layer))
        self._layer = layer
        self._resize = {"tf": tf_bilinear, "clean": clean_bicubic}[resize]
        self._device, self._dtype = device, getattr(torch, dtype)
        self._net = _load(folder).to(device, self._dtype)

    def prepare(self, item: Image, modality: Modality) -> NDArray[np.float32]:  # noqa: ARG002
        """Return an RGB image resized to float32 [3, 299, 299], with values from 0 to 255."""
        return self._resize(item)

    def embed(self, items: Sequence[Array], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the features or logits of n prepared images, float32 [n, 2048] or [n, 1008]."""
        import torch
        from torch.backends import cudnn

        # By default torch rounds float32 to TF32 in convolutions on a GPU, which changes FID.
        with torch.inference_mode(), cudnn.flags(enabled=True, allow_tf32=False):
            pixels = torch.from_numpy(np.stack(items)).to(self._device)
            vectors = self._net(((pixels - 128) / 128).to(self._dtype))
            if self._layer == "logits_unbiased":
                vectors = self._net.logits(vectors)
        return float32_array(vectors)


def _check(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ModelError(f"model inception: {option} must be {' or '.join(known)}, not {value!r}")


def _load(path: Path | None) -> InceptionNet:
    from mmbench.models.inception.network import InceptionNet

    if path is None:
        raise ModelError(f"model inception needs its weights; {_HINT}")
    file = path / _FILE if path.is_dir() else path
    net = InceptionNet()
    try:
        net.load_state_dict(_read(file))
    except RuntimeError as error:
        raise ModelError(
            f"{file} does not hold the weights of Inception 2015-12-05 ({reason(error)}); {_HINT}"
        ) from error
    return net.eval().requires_grad_(False)


def _read(file: Path) -> dict[str, Tensor]:
    import torch

    if not file.is_file():
        raise ModelError(f"no such file: {file}; {_HINT}")
    try:
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        raise ModelError(f"{file} is not a weights file ({reason(error)}); {_HINT}") from error
    if isinstance(weights, dict):
        return weights
    raise ModelError(
        f"{file} holds a {type(weights).__name__}, not a dictionary of weights; {_HINT}"
    )
