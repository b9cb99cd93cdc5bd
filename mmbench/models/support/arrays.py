"""Conversions between processor outputs, batches of tensors and result arrays."""

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
    """Process one item and return its arrays by name, without the batch dimension."""
    import numpy as np

    arrays = processor(item, return_tensors="np", **options)
    return {name: np.ascontiguousarray(values[0]) for name, values in arrays.items()}


def stack_batch(items: Sequence[Arrays], device: str, dtype: str) -> dict[str, Tensor]:
    """Stack the arrays of n items to tensors [n, ...] on the device.

    Floating-point tensors are converted to `dtype`. The arrays of all items must have the same
    names and shapes.
    """
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
    """Convert a tensor of any floating dtype and device to a float32 NumPy array."""
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array
