"""Checks of the names of devices."""

from __future__ import annotations

import re

from mmbench.errors import UserError


def torch_device(name: str, flag: str) -> str:
    """Return the torch device for the value `name` of a flag: `auto`, `cpu`, `cuda` or `cuda:N`.

    `auto` becomes `cuda` if torch finds a CUDA device, else `cpu`. Raises UserError for another
    name, and for a CUDA device that torch does not find.
    """
    if name == "cpu":
        return name
    import torch

    number = torch.cuda.device_count()
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    if match is None:
        raise UserError(f"{flag} {name}: not a device; use auto, cpu, cuda or cuda:N")
    if not torch.cuda.is_available():
        raise UserError(f"{flag} {name}: torch sees no CUDA device; use {flag} cpu")
    if int(match[1] or 0) >= number:
        raise UserError(f"{flag} {name}: torch sees {number} CUDA devices; use {flag} cuda:0")
    return name
