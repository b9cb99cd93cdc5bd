"""Random numbers that belong to one sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Set the generators of torch to `seed` (0 to 2⁶⁴ - 1) inside, and put them back after.

    `device` is cpu, cuda or cuda:N. For code of libraries that takes no generator as an argument.
    """
    import torch

    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield
