"""Readers of the results of other evaluation harnesses.

A file is recognised by its contents. The readers do not match outputs with the samples of a task.
"""

from __future__ import annotations

from mmbench.predictions.harnesses.recognise import read_harness
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample

__all__ = ["HarnessResults", "HarnessSample", "read_harness"]
