"""Arrays of items as the tensors of a batch, and tensors as arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.models.support.arrays import float32_array, stack_batch


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_only_floating_arrays_take_the_dtype(dtype: str) -> None:
    items = [
        {"values": np.full((2, 3), n, np.float32), "mask": np.full(4, n, np.int64)} for n in (1, 2)
    ]
    batch = stack_batch(items, "cpu", dtype)
    assert list(batch) == ["values", "mask"]
    assert batch["values"].dtype == getattr(torch, dtype)
    assert batch["values"].shape == (2, 2, 3)
    assert batch["mask"].dtype == torch.int64
    assert batch["mask"].tolist() == [[1] * 4, [2] * 4]


def test_items_of_other_shapes_are_not_padded() -> None:
    with pytest.raises(ValueError, match="same shape"):
        stack_batch(
            [{"x": np.zeros(2, np.float32)}, {"x": np.zeros(3, np.float32)}], "cpu", "float32"
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_tensors_become_float32_arrays(dtype: torch.dtype) -> None:
    with torch.inference_mode():
        tensor = torch.tensor([[0.5, -2.0]], dtype=dtype)
    array = float32_array(tensor)
    assert array.dtype == np.float32
    assert array.tolist() == [[0.5, -2.0]]
