"""The files that a checkpoint must have, for transformers, diffusers or a plugin's model class.

A plugin's class lists its files in the attribute `checkpoints`: suffixes (`.onnx`), file names
(`model.bin`) and patterns (`*.gguf`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from mmbench.checkpoints.file_hashes import checkpoint_files
from mmbench.errors import ModelError
from mmbench.text import count
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

# The file in which a diffusers pipeline lists its components; each component is a subfolder.
PIPELINE = "model_index.json"

# The configuration file of an open_clip model, in a folder or in a repository of the hub.
OPEN_CLIP = "open_clip_config.json"

# Weight files of a folder; safetensors are preferred, as in transformers.
_FOLDER_LAYOUTS = {"model.safetensors": "*.safetensors", "pytorch_model.bin": "pytorch_model*.bin"}


class _ShardIndex(msgspec.Struct):
    weight_map: dict[str, str]


def accepts(takes: Sequence[str], name: str) -> bool:
    """Return whether a file is one of the checkpoint files that a model class needs, ignoring case.

    `takes` is the list of the class: suffixes (`.onnx`), names and patterns. `name` is the file's
    name or its path relative to the checkpoint folder, with slashes.
    """
    name = name.lower()
    patterns = [f"*{one}" if one.startswith(".") else one for one in map(str.lower, takes)]
    return any(fnmatchcase(name, one) or fnmatchcase(name, f"*/{one}") for one in patterns)


def check_folder(folder: Path, takes: Sequence[str] = ()) -> None:
    """Raise ModelError for a folder without the weights that a model class needs.

    `takes` lists the checkpoint files of the class (`accepts`). If it is empty, the folder needs
    the weights of a transformers model or of a diffusers pipeline, with all shards.
    """
    if takes:
        if not _has_accepted_file(folder, takes):
            raise ModelError(f"checkpoint {folder} has no weights (looked for {', '.join(takes)})")
        return
    parts = pipeline_parts(folder)
    if not any(file for part in parts for file in part.glob("*.safetensors")):
        weight_files(folder)


def _has_accepted_file(folder: Path, takes: Sequence[str]) -> bool:
    files = checkpoint_files(folder)
    return any(accepts(takes, path.relative_to(folder).as_posix()) for path in files)


def pipeline_parts(folder: Path) -> list[Path]:
    """Return the component folders of a diffusers pipeline; [] for any other folder.

    Raises ModelError if a component is missing.
    """
    index = folder / PIPELINE
    if not index.is_file():
        return []
    try:
        entries = parse_json(read_regular(index), dict[str, object])
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{index} is not a valid index of a diffusers pipeline: {error}"
        ) from error
    names = sorted(n for n, entry in entries.items() if isinstance(entry, list) and any(entry))
    if missing := [name for name in names if not (folder / name).is_dir()]:
        raise ModelError(
            f"checkpoint {folder} lacks {', '.join(missing)}, which {PIPELINE} lists;"
            " copy or download it again"
        )
    return [folder / name for name in names]


def weight_files(folder: Path) -> list[Path]:
    """Return the weight files in a folder, with all shards.

    Raises ModelError if there are no weights or a shard is missing.
    """
    for whole, pattern in _FOLDER_LAYOUTS.items():
        index = folder / f"{whole}.index.json"
        if index.is_file() and not (folder / whole).is_file():
            check_shards(index)
        if files := sorted(path for path in folder.glob(pattern) if path.is_file()):
            return files
    raise ModelError(
        f"checkpoint {folder} has no weights (looked for"
        f" {' and '.join(_FOLDER_LAYOUTS.values())}); give a folder that save_pretrained wrote,"
        " or a hub id; a plugin's class that loads other files must list them in its attribute"
        " `checkpoints`"
    )


def check_shards(index: Path) -> None:
    """Raise ModelError if a weight file that is listed in a shard index file is missing."""
    try:
        shards = set(parse_json(read_regular(index), _ShardIndex).weight_map.values())
    except (OSError, ValueError) as error:
        raise ModelError(f"{index} is not a valid index of weight files: {error}") from error
    if missing := sorted(shard for shard in shards if not (index.parent / shard).is_file()):
        raise ModelError(
            f"checkpoint {index.parent} lacks {len(missing)} of its"
            f" {count(len(shards), 'weight file')} (listed in {index.name}), first {missing[0]};"
            " copy or download it again"
        )
