"""References to models: the parsed argument of `-m`, which may be a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mmbench.errors import SpecError, UnknownName
from mmbench.spec import packaged_files, read_yaml
from mmbench.text import with_home
from mmbench.types import ModelInfo
from mmbench.validation.named_values import as_struct

FRAMES_PREFIX = "frames+"
_ENDINGS = (".yaml", ".yml")


class EnsembleMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model of a late-fusion ensemble, with its weight."""

    adapter: str
    checkpoint: str | None = None
    revision: str | None = None
    options: dict[str, Any] = {}
    weight: float = 1.0


class RecipeScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The published scores of a recipe on one task, with their source.

    `tolerance` and `differs` are as in `mmbench.types.Published`.
    """

    task: str
    scores: dict[str, float]
    source: str
    tolerance: float = 0.002
    differs: str = ""


class ModelRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parsed model name or model file: `clip@openai/clip-vit-base-patch32#<sha>`.

    A model file of a late-fusion ensemble has `late`, a list of models, in place of `adapter`. An
    adapter with the prefix `frames+` processes a video as sampled frames. `variant` is the value of
    the option that the class of the adapter names in its attribute `variant`:
    `openclip:ViT-B-32@epoch_3.pt`. A file with `source` is a recipe: a model with the options of
    `published` scores. `source` says where the options were read; `notes` are for the reader.
    """

    adapter: str = ""
    checkpoint: str | None = None
    revision: str | None = None
    options: dict[str, Any] = {}
    late: list[EnsembleMember] = []
    variant: str | None = None
    source: str = ""
    notes: str = ""
    published: list[RecipeScores] = []

    @property
    def is_recipe(self) -> bool:
        """Return whether this is a recipe."""
        return bool(self.source)


def parse(text: str) -> ModelRef:
    """Parse `[frames+]NAME[:VARIANT][@CHECKPOINT[#REVISION]]`, or read the YAML file `text`.

    A checkpoint after the name of a file, as in `recipe.yaml@FOLDER`, replaces the one in the file.
    Raises SpecError for an invalid file, UnknownName for a name that is neither a file nor a
    packaged recipe.
    """
    name, checkpoint = split_checkpoint(text)
    place, _, revision = checkpoint.partition("#")
    if not is_model_file(name):
        return _with_name(name, place, revision)
    ref = _from_file(name)
    if not checkpoint:
        return ref
    if ref.late:
        raise SpecError(
            f"{text}: late fusion takes no checkpoint after @; give one for each model in the file"
        )
    return msgspec.structs.replace(ref, checkpoint=place, revision=revision or None)


def model_argument(model: ModelInfo) -> str:
    """Return the argument of `-m` for the model of a record, without its options."""
    checkpoint = f"@{model.checkpoint}" if model.checkpoint else ""
    revision = f"#{model.revision}" if model.checkpoint and model.revision else ""
    return f"{model.name}{checkpoint}{revision}"


def is_model_file(name: str) -> bool:
    """Return whether the name of a model is that of a YAML file."""
    return name.endswith(_ENDINGS)


def file_stem(text: str) -> str:
    """Return the name of a model file on boards: the file name without its suffix."""
    return Path(split_checkpoint(text)[0]).stem


def split_checkpoint(text: str) -> tuple[str, str]:
    """Return the name of a model or of its file, and the checkpoint with the revision, or ""."""
    if is_model_file(text):
        return text, ""
    for ending in _ENDINGS:
        file, at, checkpoint = text.partition(f"{ending}@")
        if at:
            return f"{file}{ending}", checkpoint
    name, _, checkpoint = text.partition("@")
    return name, checkpoint


def _with_name(name: str, place: str, revision: str) -> ModelRef:
    adapter, _, variant = name.partition(":")
    if "/" in adapter or variant.startswith("//"):  # a path or a URL without an adapter
        adapter, variant = name, ""
    return ModelRef(adapter, place or None, revision or None, variant=variant or None)


def recipes() -> dict[str, Path]:
    """Return the files of the packaged recipes, by name with the suffix .yaml."""
    return {f"{name}.yaml": path for name, path in packaged_files("recipes").items()}


def model_file(text: str) -> Path:
    """Return the path of a model file: a file, else the packaged recipe with this name.

    Raises UnknownName for a name without a folder that is neither.
    """
    path = Path(with_home(text))
    if path.exists() or path.name != text:
        return path
    shipped = recipes()
    if text not in shipped:
        raise UnknownName("model file", text, shipped, "`mmbench list recipes` shows them")
    return shipped[text]


def _from_file(text: str) -> ModelRef:
    ref = as_struct(read_yaml(model_file(text)), ModelRef, text)
    if bool(ref.adapter) == bool(ref.late):
        raise SpecError(f"{text}: a model file needs either `adapter` or `late`, a list of models")
    if any(part.weight <= 0 for part in ref.late):
        raise SpecError(f"{text}: weights in `late` must be greater than 0")
    _check_published(ref, text)
    return ref


def _check_published(ref: ModelRef, text: str) -> None:
    """Check the published scores. Raises SpecError without a source, or for a repeated task."""
    if ref.published and not ref.source:
        raise SpecError(f"{text}: published scores need `source: URL`, where the options were read")
    tasks = [entry.task for entry in ref.published]
    for entry in ref.published:
        if tasks.count(entry.task) > 1:
            raise SpecError(f"{text}: published has two entries for {entry.task}; merge them")
        if not entry.scores or not entry.source:
            raise SpecError(f"{text}: published for {entry.task}: give `scores` and a `source`")
