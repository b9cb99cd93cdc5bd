"""The adapter of timm models, which classify and embed images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mmbench.errors import ModelError
from mmbench.models.support.arrays import Arrays, float32_array, stack_batch
from mmbench.models.support.library_messages import import_library, loading, silent
from mmbench.models.support.pretrained import checkpoint_folder
from mmbench.text import count, repeated
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.models.support.library_types import Configuration
    from mmbench.types import Array

# The order of timm 1.0.31 (models/_hub.py, _PREFERRED_FILES), which also loads any other file, with
# a warning.
_FILES = (
    *("model.safetensors", "pytorch_model.bin", "pytorch_model.pth", "model.pth"),
    *("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors"),
    *("open_clip_pytorch_model.bin", "open_clip_pytorch_model.pth"),
)

LabelSource = Literal["descriptions", "names"]


class _Labels(NamedTuple):
    """The class names of a model in order, and a note on their source, or ""."""

    values: list[str]
    note: str = ""


class Timm:
    """Any image model of timm, from a folder that push_to_hf_hub or save_for_hf of timm wrote.

    Images are prepared with the validation transform (timm.data.create_transform) of pretrained_cfg
    in config.json. Class names are label_descriptions, or label_names if a description is missing
    or repeated; `labels` selects one of the two. Without both, the classes of an ImageNet subset
    are assumed if their number fits: WordNet ids, or timm's descriptions with
    `labels="descriptions"`. Embeddings are the pooled features before the classifier. Raises
    MissingExtra without timm, and ModelError if the folder is not a timm model or lacks a part.
    """

    modalities: frozenset[Modality] = frozenset({"image"})
    version = 1
    default_checkpoint: str | None = "timm/resnet50.a1_in1k"
    checkpoints = _FILES
    configuration = "config.json"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        labels: LabelSource | None = None,
    ) -> None:
        import torch

        timm = _library()
        folder = checkpoint_folder(folder, "timm", self.default_checkpoint)
        self.labels = _labels(folder, _read_config(folder), labels).values
        _refuse_other_files(folder)
        self._device, self._dtype = device, dtype
        with silent(), loading(folder, "model of timm"):
            # Loads the first of _FILES, with weights_only and strict.
            model = timm.create_model(f"local-dir:{folder}", pretrained=True)
            settings = timm.data.resolve_model_data_config(model)
            self._transform = timm.data.create_transform(**settings, is_training=False)
            self._model = model.eval().to(device, getattr(torch, dtype))
        if self._model.num_classes != len(self.labels):
            raise ModelError(
                f"checkpoint {folder}: the model has {count(self._model.num_classes, 'class')}, but"
                f" config.json has {len(self.labels)}"
            )

    @staticmethod
    def notes(folder: Path | None, *, labels: LabelSource | None = None) -> list[str]:
        """Return a note if config.json does not name the classes.

        Raises the errors of the constructor, except errors about the weights.
        """
        _library()
        folder = checkpoint_folder(folder, "timm", Timm.default_checkpoint)
        note = _labels(folder, _read_config(folder), labels).note
        return [note] if note else []

    @staticmethod
    def check(folder: Path, methods: Sequence[str]) -> None:
        """Raise ModelError if a model without classes has to classify."""
        if "classify" in methods and not _read_config(folder).get("num_classes"):
            raise ModelError(
                f"checkpoint {folder} has no classes and only embeds images; give a classifier"
            )

    def prepare(self, item: Image, modality: Modality) -> Arrays:  # noqa: ARG002
        """Return `pixels` float32 [3, h, w] of an RGB image."""
        return {"pixels": self._transform(item).numpy()}

    def classify(self, items: Sequence[Arrays], modality: Modality) -> Array:  # noqa: ARG002
        """Return logits [n, c] float32 of n prepared items."""
        import torch

        with torch.inference_mode():
            return float32_array(self._model(self._batch(items)))

    def embed(self, items: Sequence[Arrays], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the pooled features of n prepared items, float32 [n, d], not normalised."""
        import torch

        with torch.inference_mode():
            features = self._model.forward_features(self._batch(items))
            return float32_array(self._model.forward_head(features, pre_logits=True))

    def _batch(self, items: Sequence[Arrays]) -> Tensor:
        return stack_batch(items, self._device, self._dtype)["pixels"]


def _library() -> Configuration:
    """Import timm without its output. Raises MissingExtra and ModelError."""
    return import_library("timm", "model timm", "mmbench[openclip]")


def _read_config(folder: Path) -> Mapping[str, Any]:
    """Return pretrained_cfg of config.json as timm reads it. Raises ModelError."""
    from timm.models._hub import load_model_config_from_path

    try:
        config: dict[str, Any] = load_model_config_from_path(folder)[0]
    except KeyError as error:
        raise ModelError(
            f"checkpoint {folder} is not a timm model (its config.json has no {error}); for a"
            f" classifier of transformers type image@{folder}"
        ) from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{folder}/config.json is not a configuration of timm: {error}") from error
    return config


def _refuse_other_files(folder: Path) -> None:
    if not any((folder / name).is_file() for name in _FILES):
        raise ModelError(f"checkpoint {folder} has no weights (looked for {', '.join(_FILES)})")


def _labels(folder: Path, config: Mapping[str, Any], source: LabelSource | None) -> _Labels:
    """Return the class names in order. Raises ModelError if they are incomplete."""
    number = int(config.get("num_classes") or 0)
    names = _in_order(config.get("label_names"))
    description_by_name: Mapping[str, str] = config.get("label_descriptions") or {}
    note = ""
    if names == []:
        names, description_by_name, note = _inferred(number)
    if names is None or len(names) != number:
        raise ModelError(
            f"checkpoint {folder}: label_names in its config.json does not number {number} classes"
            " from 0"
        )
    if source == "names" or (source is None and note):
        return _Labels(names, note)
    descriptions = [description_by_name.get(name, "") for name in names]
    if source is None and (not all(descriptions) or repeated(descriptions)):
        return _Labels(names, note)
    if not all(descriptions):
        raise ModelError(
            f"checkpoint {folder}: label_descriptions in its config.json is incomplete;"
            " type --model-arg labels=names"
        )
    return _Labels(descriptions, note)


def _in_order(names: Any) -> list[str] | None:
    """Return names from a list or from a mapping by class number; None if numbers have gaps."""
    if isinstance(names, Mapping):
        numbered = {str(number): name for number, name in names.items()}
        if numbered.keys() != {str(number) for number in range(len(numbered))}:
            return None
        return [str(numbered[str(number)]) for number in range(len(numbered))]
    return [str(name) for name in names or ()]


def _inferred(number: int) -> tuple[list[str], Mapping[str, str], str]:
    """Return names and descriptions for unnamed classes, chosen by their number, and a note."""
    from timm.data import ImageNetInfo, infer_imagenet_subset

    if not number:
        return [], {}, ""
    subset = infer_imagenet_subset({"num_classes": number})
    if subset is None:
        names = [str(index) for index in range(number)]
        return names, {}, f"config.json has no class names; the labels are 0 to {number - 1}"
    info = ImageNetInfo(subset)
    names, descriptions = info.label_names(), info.label_descriptions(as_dict=True)
    numbers = Counter(descriptions.values())
    for name in names:
        if numbers[descriptions[name]] > 1:  # the bird and the machine called crane
            descriptions[name] += f" ({name})"
    note = (
        f"config.json has no class names; the {number:,} classes of {subset} are assumed, with"
        f" WordNet ids such as {names[0]}, or with --model-arg labels=descriptions with names such"
        f" as {descriptions[names[0]]!r}"
    )
    return names, descriptions, note
