"""LoRA adapters of peft on a model of transformers: applied whole, or refused in one line.

peft only warns about weights that are missing or that do not fit, and initialises them at random.
Here both are errors.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec

from mmbench.errors import MissingExtra, ModelError
from mmbench.models.support.library_messages import loading, quiet
from mmbench.text import listed, with_home
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Network

CONFIG_FILE = "adapter_config.json"

# The second holds pickled tensors; peft loads it with weights_only.
_WEIGHT_FILES = ("adapter_model.safetensors", "adapter_model.bin")

_ADAPTER = "default"  # the name that peft puts into the names of the adapter's tensors


class _Config(msgspec.Struct):
    """The used keys of adapter_config.json."""

    peft_type: str = ""
    base_model_name_or_path: str | None = None


class TakesLora:
    """The base of adapters with an option `lora`, the path of a folder of peft."""

    content_options: ClassVar[frozenset[str]] = frozenset({"lora"})

    @classmethod
    def notes(cls, folder: Path | None, *, lora: str | None = None, **_: object) -> list[str]:
        """Return a note if `lora` was trained on another base model than the checkpoint `folder`.

        Raises ModelError if `lora` is not the folder of a LoRA, MissingExtra without peft.
        """
        if lora is None:
            return []
        base = base_model(_lora_folder(lora))
        if not base or folder is None or _names(base, folder):
            return []
        return [f"the LoRA {lora} was trained on {base}, and is applied to {folder}"]


def _names(base: str, folder: Path) -> bool:
    """Return whether `base`, a path or hub id, is the folder, or has the same last name.

    A folder of the hub's cache is `models--OWNER--NAME/snapshots/COMMIT`.
    """
    last = Path(base).name
    cached = folder.parent.parent.name.rpartition("--")[2]
    return last in (folder.resolve().name, folder.name, cached)


def apply_lora(model: Network, lora: str, folder: Path, *, merge: bool) -> Network:
    """Return the model of the checkpoint `folder` with the LoRA in the folder `lora`.

    With `merge` its update is added to the weights, which costs nothing afterwards. Else peft adds
    it in every forward pass, in float32. The model is on the CPU. Raises ModelError for an adapter
    of another architecture or with missing weights, MissingExtra without peft.
    """
    adapter = _lora_folder(lora)
    with warnings.catch_warnings(), quiet(), loading(adapter, "LoRA"):
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="Unexpected keyword arguments")
        from peft import PeftConfig, PeftModel

        config = PeftConfig.from_pretrained(str(adapter))
        config.inference_mode = True
        wrapped = PeftModel(model, config, _ADAPTER)
        _load_weights(wrapped, adapter, folder)
        return wrapped.merge_and_unload() if merge else wrapped.get_base_model()


def _load_weights(wrapped: Network, adapter: Path, folder: Path) -> None:
    """Load the weights of an adapter. Raises ModelError unless they are those of the model."""
    from peft.utils import load_peft_weights, set_peft_model_state_dict

    renamed = getattr(wrapped.get_base_model(), "_checkpoint_conversion_mapping", {})
    weights = load_peft_weights(str(adapter), device="cpu", key_mapping=renamed)
    try:
        report: Network = set_peft_model_state_dict(wrapped, weights, _ADAPTER)
    except RuntimeError as error:
        _refuse(
            adapter, folder, "other shapes of", re.findall(r"size mismatch for (\S+):", str(error))
        )
        raise
    _refuse(adapter, folder, "no place for", report.unexpected_keys)
    missing = [name for name in report.missing_keys if _ADAPTER in name.split(".")]
    _refuse(adapter, folder, "no weights for", missing)


def _refuse(adapter: Path, folder: Path, fault: str, names: Iterable[str]) -> None:
    """Raise ModelError if `names`, the names of tensors that do not fit, are not empty."""
    tensors = [name.removeprefix("base_model.model.") for name in sorted(names)]
    if tensors:
        base = base_model(adapter)
        raise ModelError(
            f"the LoRA {adapter} does not fit the checkpoint {folder}: {fault}"
            f" {listed(tensors, 3)}; give the checkpoint that it was trained on"
            f"{f': {base}' if base else ''}"
        )


def _lora_folder(lora: str) -> Path:
    """Return the folder of a LoRA. Raises ModelError if it is none, MissingExtra without peft."""
    folder = Path(with_home(lora))
    if fault := _fault(folder):
        raise ModelError(f"option lora: {folder} {fault}")
    if find_spec("peft") is None:
        raise MissingExtra("option lora", "peft", "mmbench[lora]")
    return folder


def _fault(folder: Path) -> str:
    """Return why a folder is not that of a LoRA, with what to give instead; empty if it is."""
    if not (folder / CONFIG_FILE).is_file():
        if (folder / "config.json").is_file():
            return "is a whole checkpoint; give it after the @ of the model, without lora"
        below = [file.parent.name for file in sorted(folder.glob(f"*/{CONFIG_FILE}"))]
        advice = f"its subfolder {listed(below)}" if below else "a folder that peft wrote"
        return f"has no {CONFIG_FILE}; give {advice}"
    if not any((folder / name).is_file() for name in _WEIGHT_FILES):
        return f"has no weights (looked for {' and '.join(_WEIGHT_FILES)})"
    kind = _read_config(folder).peft_type
    return "" if kind == "LORA" else f"is an adapter of the type {kind or 'unknown'}; give a LoRA"


def base_model(folder: Path) -> str | None:
    """Return the path or hub id of the model that an adapter was trained on, if it is known."""
    return _read_config(folder).base_model_name_or_path


def _read_config(folder: Path) -> _Config:
    file = folder / CONFIG_FILE
    try:
        return parse_json(read_regular(file), _Config)
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: not the configuration of an adapter: {error}") from error
