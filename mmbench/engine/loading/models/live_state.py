"""The state of a live model: a hash of its weights, their device and dtype, and evaluation mode.

The state consists of the tensors and arrays that the object holds: its `state_dict` if it has one,
and its attributes with their items. An attribute with a `state_dict` contributes its tensors.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import numpy as np

from mmbench.engine.loading.models.files import is_live, leaves
from mmbench.storage.content_keys import digest


def state_hash(value: object, *, plain: bool = True) -> str | None:
    """Return a hash of the weights of an object and of its attributes that are plain values.

    Without `plain`, only weights are hashed: tensors and arrays. Return None if there are none. Of
    other objects among the attributes, only the type is hashed.
    """
    parts = [(place, one, _is_weight(one)) for place, one in _state(value)]
    if not any(is_weight for _, _, is_weight in parts):
        return None
    hashed = [(place, one) for place, one, is_weight in parts if plain or is_weight]
    return digest(*(digest(place, _content(one)) for place, one in hashed)).hex()


def device_of(value: object) -> str:
    """Return the torch device of the first tensor on a GPU, such as `cuda:0`; else `cpu`."""
    devices = (str(one.device) for _, one in _state(value) if _is_tensor(one))
    return next((device for device in devices if device.startswith("cuda")), "cpu")


def dtype_of(value: object) -> str:
    """Return the dtype of the first tensor of floats, such as `float32`; `none` without one."""
    tensors = (one for _, one in _state(value) if _is_tensor(one) and one.is_floating_point())
    return next((str(tensor.dtype).removeprefix("torch.") for tensor in tensors), "none")


@contextmanager
def evaluation_mode(value: object) -> Iterator[None]:
    """Put the torch modules of an object into evaluation mode, and record no gradients.

    After the `with` block, each module has its earlier mode again.
    """
    torch = sys.modules.get("torch")
    if torch is None:  # then no module exists
        yield
        return
    holders = [one for _, one in _holders(value) if isinstance(one, torch.nn.Module)]
    training = [module for holder in holders for module in holder.modules() if module.training]
    for holder in holders:
        holder.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True


def _holders(value: object) -> Iterator[tuple[str, Any]]:
    """Yield the objects with a `state_dict`, by place: the object, its attributes, their items."""
    if _has_state(value):
        yield "", value
    for place, one in _attributes(value):
        if _has_state(one):
            yield place, one


def _state(value: object) -> Iterator[tuple[str, Any]]:
    """Yield the tensors, arrays, plain values and other objects of an object, by place."""
    for place, holder in _holders(value):
        yield from leaves(holder.state_dict(), f"{place}.state")
    for place, one in _attributes(value):
        if not _has_state(one):
            yield place, one


def _attributes(value: object) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of an object and their items; of a module, only those that users set."""
    attributes: Mapping[str, object] = getattr(value, "__dict__", {})
    for name, one in sorted(attributes.items()):
        if not (_has_state(value) and (name.startswith("_") or name == "training")):
            yield from leaves(one, name)


def _has_state(value: object) -> bool:
    return callable(getattr(value, "state_dict", None))


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _is_weight(value: object) -> bool:
    return _is_tensor(value) or isinstance(value, np.ndarray)


def _content(value: Any) -> bytes:
    """Return bytes that stand for a value: a hash of numbers, a plain value, or a type."""
    if _is_tensor(value):
        return _tensor(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        raw = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        return digest(str(value.dtype), str(value.shape), blake2b(raw.data).digest())
    if is_live(value):
        return f"<{type(value).__module__}.{type(value).__qualname__}>".encode()
    return f"{type(value).__name__}:{value!r}".encode("utf-8", "surrogatepass")


def _tensor(tensor: Any) -> bytes:
    import torch

    about = f"{tensor.dtype} {tuple(tensor.shape)} {tensor.layout}"
    if tensor.is_meta:  # has no numbers
        return digest(about)
    dense = tensor.detach()
    if tensor.layout is not torch.strided:
        dense = dense.to_dense()
    if tensor.is_quantized:
        dense = dense.dequantize()
    raw = dense.cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return digest(about, blake2b(raw.data).digest())
