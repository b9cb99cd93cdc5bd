"""Task kinds, which make requests to a model and predictions from its outputs and references."""

from __future__ import annotations

from mmbench.kinds.per_sample import PerSample, each_output
from mmbench.kinds.responses import generated, vectors

__all__ = ["PerSample", "each_output", "generated", "vectors"]
