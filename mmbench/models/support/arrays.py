"""Conversions between the arrays of processors, batches of tensors, and arrays of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from mmbench.models.support.library_types import AudioFeatureExtractor, ImageProcessor

Arrays = dict[str, "NDArray[np.float32]"]


def process_item(
    processor: ImageProcessor | AudioFeatureExtractor, item: object, **options: object
) -> Arrays:
    """Return the arrays that a processor makes of one item, without the batch dimension."""
    import numpy as np

    arrays = processor(item, return_tensors="np", **options)
    return {name: np.ascontiguousarray(values[0]) for name, values in arrays.items()}


def stack_batch(items: Sequence[Arrays], device: str, dtype: str) -> dict[str, Tensor]:
    """Return the arrays of n items as tensors [n, ...] on the device, floating ones in `dtype`."""
    import numpy as np
    import torch

    tensors = {
        name: torch.from_numpy(np.stack([item[name] for item in items])).to(device)
        for name in items[0]
    }
    return {
        name: values.to(getattr(torch, dtype)) if values.is_floating_point() else values
        for name, values in tensors.items()
    }


def float32_array(tensor: Tensor) -> NDArray[np.float32]:
    """Return a tensor of any floating dtype and device as a NumPy array."""
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array
