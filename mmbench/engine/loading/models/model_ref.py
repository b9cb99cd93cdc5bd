"""References to models: the parsed argument of `-m`, which may be a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mmbench.errors import SpecError
from mmbench.spec import read_yaml
from mmbench.text import with_home
from mmbench.validation.named_values import as_struct

FRAMES_PREFIX = "frames+"


class EnsembleMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model of a late-fusion ensemble, with its weight."""

    adapter: str
    checkpoint: str | None = None
    revision: str | None = None
    options: dict[str, Any] = {}
    weight: float = 1.0


class ModelRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parsed model name or model file: `clip@openai/clip-vit-base-patch32#<sha>`.

    A model file of a late-fusion ensemble has `late`, a list of models, in place of `adapter`. An
    adapter with the prefix `frames+` processes a video as sampled frames. `variant` is the value of
    the option that the class of the adapter names in its attribute `variant`:
    `openclip:ViT-B-32@epoch_3.pt`.
    """

    adapter: str = ""
    checkpoint: str | None = None
    revision: str | None = None
    options: dict[str, Any] = {}
    late: list[EnsembleMember] = []
    variant: str | None = None


def parse(text: str) -> ModelRef:
    """Parse `[frames+]NAME[:VARIANT][@CHECKPOINT[#REVISION]]`, or read the YAML file `text`.

    Raises SpecError for an invalid file.
    """
    if text.endswith((".yaml", ".yml")):
        return _from_file(text)
    name, _, checkpoint = text.partition("@")
    place, _, revision = checkpoint.partition("#")
    adapter, _, variant = name.partition(":")
    if "/" in adapter or variant.startswith("//"):  # a path or a URL without an adapter
        adapter, variant = name, ""
    return ModelRef(adapter, place or None, revision or None, variant=variant or None)


def _from_file(text: str) -> ModelRef:
    ref = as_struct(read_yaml(Path(with_home(text))), ModelRef, text)
    if bool(ref.adapter) == bool(ref.late):
        raise SpecError(f"{text}: a model file needs either `adapter` or `late`, a list of models")
    if any(part.weight <= 0 for part in ref.late):
        raise SpecError(f"{text}: weights in `late` must be greater than 0")
    return ref
