"""Loading of diffusers pipelines from folders, with an error if weights are missing.

`from_pretrained` of a pipeline only warns when it initialises missing weights at random. Therefore
each part with weights is loaded separately and checked before the pipeline is assembled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.models.support.library_messages import loading, muted, quiet
from mmbench.models.support.pretrained import refuse_weights
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import torch

    from mmbench.models.support.library_types import LoadingInfo, Network

INDEX = "model_index.json"


@contextmanager
def silent() -> Iterator[None]:
    """Silence warnings and progress bars of diffusers and transformers inside the context."""
    from diffusers.utils import logging

    with muted(logging), quiet():
        yield


def load_pipeline(folder: Path, *, dtype: str) -> Network:
    """Load the text-to-image pipeline in `folder` on the CPU from safetensors files.

    `dtype` is float32, bfloat16 or float16. No code in the folder is executed. Raises ModelError if
    the folder holds no text-to-image pipeline or lacks weights.
    """
    import torch

    options = {"local_files_only": True, "use_safetensors": True}
    numbers = getattr(torch, dtype)
    with silent(), loading(folder, "pipeline"):
        from diffusers import (
            AutoPipelineForText2Image,
        )  # the import prints a line about torchvision

        classes = _index(folder)
        parts = {
            # None is passed on, since it marks a part that was saved as absent.
            name: cls and _weights(folder / name, cls, numbers, options)
            for name, cls in classes.items()
            if cls is None or issubclass(cls, torch.nn.Module)
        }
        return AutoPipelineForText2Image.from_pretrained(folder, dtype=numbers, **options, **parts)


def _index(folder: Path) -> dict[str, type | None]:
    """Read the class of each part of a pipeline from the index file of `folder`.

    The class is None for a part that the pipeline was saved without.

    Parts with unknown classes are left out; the pipeline itself loads or refuses them. Raises
    ModelError if the index is missing or invalid.
    """
    try:
        index = parse_json(read_regular(folder / INDEX), dict[str, object])
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"checkpoint {folder} is not a diffusers pipeline (no readable {INDEX}); give a folder"
            " written by `save_pretrained` of a pipeline"
        ) from error
    parts = {name: kind for name, kind in index.items() if isinstance(kind, list)}
    absent = {name: None for name, kind in parts.items() if kind == [None, None]}
    known = {name: _class(kind) for name, kind in parts.items() if name not in absent}
    return absent | {name: cls for name, cls in known.items() if isinstance(cls, type)}


def _class(kind: list[object]) -> object:
    """Return the class given as [library, name] in the index; return None if it is unknown.

    The library is diffusers, transformers or the name of a pipeline module of diffusers.
    """
    import diffusers
    import transformers

    library, name = map(str, kind[:2])
    modules = {"diffusers": diffusers, "transformers": transformers}
    module = modules.get(library) or getattr(diffusers.pipelines, library, None)
    return getattr(module, name, None)


def _weights(folder: Path, cls: Network, numbers: torch.dtype, options: dict[str, bool]) -> Network:
    report: LoadingInfo
    model, report = cls.from_pretrained(folder, dtype=numbers, output_loading_info=True, **options)
    # Missing buffers (position tables) are computed, not random, and old files lack some.
    missing = dict(model.named_parameters()).keys() & set(report["missing_keys"])
    refuse_weights(folder, "lacks", missing)
    if getattr(cls, "_keep_in_fp32_modules", None):
        return model
    return model.to(numbers)  # without accelerate, some weights keep the dtype of their file
