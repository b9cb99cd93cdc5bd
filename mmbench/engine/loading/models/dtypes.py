"""Which numbers a model's weights are held in when nobody says."""

from __future__ import annotations

from pathlib import Path

from mmbench.protocols import ModelClass

_FLAGS = {"avx512_bf16", "amx_bf16"}  # of processors that multiply bfloat16


def auto_dtype(cls: ModelClass, device: str) -> str:
    """`bfloat16` for a model that asks for it where the machine has it, else `float32`.

    A class asks by its attribute `bfloat16`: large language models, which are trained and served in
    it. All others stay at float32, so that published numbers are met to their last digit.
    """
    if not getattr(cls, "bfloat16", False):
        return "float32"
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: str) -> bool:
    if device != "cpu":
        import torch

        if torch.cuda.is_available():
            return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return not _FLAGS.isdisjoint(flags.split())
