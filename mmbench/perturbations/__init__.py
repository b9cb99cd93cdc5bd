"""Perturbations: defined changes of the inputs of a task, to measure the robustness of a model.

A perturbation of images, video frames or audio is attached to a `Media` when the data are loaded
and applied when the item is decoded, in the thread or on the worker that decodes it. Texts and the
options of questions are changed when the data are loaded. The random numbers of an item depend only
on its content and the seed, so that neither the order nor the number of workers changes an input.
docs/robustness.md has the definitions.
"""

from __future__ import annotations

from mmbench.perturbations.data import perturbed_data
from mmbench.perturbations.decoded import (
    encoded,
    perturbed_audio,
    perturbed_frames,
    perturbed_image,
)
from mmbench.perturbations.names import NAMES, as_text, is_meant, name_suffix, parse

__all__ = [
    "NAMES",
    "as_text",
    "encoded",
    "is_meant",
    "name_suffix",
    "parse",
    "perturbed_audio",
    "perturbed_data",
    "perturbed_frames",
    "perturbed_image",
]
