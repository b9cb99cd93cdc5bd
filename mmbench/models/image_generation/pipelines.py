"""Loading of pipeline folders of diffusers: complete, or refused in one line.

`from_pretrained` of a pipeline fills missing weights with random numbers and only warns. Therefore
the parts with weights are loaded first, one by one, and checked for missing weights.
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
    """Keep the warnings and bars of diffusers and transformers off the terminal."""
    from diffusers.utils import logging

    with muted(logging), quiet():
        yield


def load_pipeline(folder: Path, *, dtype: str) -> Network:
    """Load the text-to-image pipeline of `folder` on the CPU, every weight from safetensors.

    `dtype` is float32, bfloat16 or float16. No code in the folder is executed. Raises ModelError if
    the folder is not a pipeline, is not one for text-to-image, or lacks weights.
    """
    import torch

    options = {"local_files_only": True, "use_safetensors": True}
    numbers = getattr(torch, dtype)
    with silent(), loading(folder, "pipeline"):
        from diffusers import AutoPipelineForText2Image  # its import prints about torchvision

        classes = _index(folder)
        parts = {
            # None is passed on: the pipeline must know of a part that was saved as absent.
            name: cls and _weights(folder / name, cls, numbers, options)
            for name, cls in classes.items()
            if cls is None or issubclass(cls, torch.nn.Module)
        }
        return AutoPipelineForText2Image.from_pretrained(folder, dtype=numbers, **options, **parts)


def _index(folder: Path) -> dict[str, type | None]:
    """Return the class of each part in the index of `folder`, None for an absent part.

    Parts of unknown classes are left out: the pipeline loads or refuses them. Raises ModelError.
    """
    try:
        index = parse_json(read_regular(folder / INDEX), dict[str, object])
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"checkpoint {folder} is not a diffusers pipeline (no readable {INDEX}): give a folder"
            " written by `save_pretrained` of a pipeline"
        ) from error
    parts = {name: kind for name, kind in index.items() if isinstance(kind, list)}
    absent = {name: None for name, kind in parts.items() if kind == [None, None]}
    known = {name: _class(kind) for name, kind in parts.items() if name not in absent}
    return absent | {name: cls for name, cls in known.items() if isinstance(cls, type)}


def _class(kind: list[object]) -> object:
    """Return the class [library, name] of diffusers, one of its pipelines, or transformers."""
    import diffusers
    import transformers

    library, name = map(str, kind[:2])
    modules = {"diffusers": diffusers, "transformers": transformers}
    module = modules.get(library) or getattr(diffusers.pipelines, library, None)
    return getattr(module, name, None)


def _weights(folder: Path, cls: Network, numbers: torch.dtype, options: dict[str, bool]) -> Network:
    report: LoadingInfo
    model, report = cls.from_pretrained(folder, dtype=numbers, output_loading_info=True, **options)
    # Buffers (tables of positions) are computed and not random, and old files lack some.
    missing = dict(model.named_parameters()).keys() & set(report["missing_keys"])
    refuse_weights(folder, "lacks", missing)
    if getattr(cls, "_keep_in_fp32_modules", None):
        return model
    return model.to(numbers)  # without accelerate some weights keep the dtype of their file
