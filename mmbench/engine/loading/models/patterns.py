"""Lists and patterns of models: `clip@a,b` and `clip@runs/*` as the models that they stand for."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mmbench import registry
from mmbench.checkpoints.layouts import PIPELINE, accepts, check_folder
from mmbench.engine.loading.models.adapters import class_of
from mmbench.engine.loading.models.model_ref import is_model_file, split_checkpoint
from mmbench.engine.loading.models.resolver import BASELINES
from mmbench.errors import ModelError, UserError
from mmbench.text import listed, natural_key, with_home

_SHOWN = 8  # names of a folder in a message
_WILD = re.compile(r"[*?\[]")


class ExpandedModels(NamedTuple):
    """Models by the names that `-m` takes one at a time, and notes on what was skipped."""

    models: list[str]
    notes: list[str]


def expand(texts: Sequence[str]) -> ExpandedModels:
    """Return the models that lists and patterns stand for, patterns in natural order.

    `NAME@PATTERN` stands for each checkpoint that matches; NAME may be a model file. `*`, `?` and
    `[…]` are those of `glob`, and `**` stands for folders of any depth. Commas separate models, and
    a part without a name has that of the part before. A path that exists is not a pattern. Raises
    UserError for a pattern without a match.
    """
    models: list[str] = []
    notes: list[str] = []
    for text in texts:
        for model in _split(text):
            name, pattern = split_checkpoint(model)
            if not _WILD.search(pattern) or Path(with_home(pattern)).exists():
                models.append(model)
                continue
            paths, skipped = _matches(model, name, pattern)
            models += [f"{name}@{path}" for path in paths]
            notes += [f"-m {model}: skipped {listed(skipped)}: no checkpoint"] if skipped else []
    return ExpandedModels(models, notes)


def _split(text: str) -> Iterator[str]:
    """Yield the models of a list; `clip@a,b` gives `clip@a` and `clip@b`."""
    name, checkpoint = split_checkpoint(text)
    is_path = checkpoint and "," not in name and Path(with_home(checkpoint)).exists()
    if "," not in text or is_path:
        yield text
        return
    name = ""
    for part in filter(None, map(str.strip, text.split(","))):
        is_model = "@" in part or is_model_file(part) or _is_name(part)
        yield part if is_model or not name else f"{name}@{part}"
        name = split_checkpoint(part)[0] if "@" in part else name


def _is_name(part: str) -> bool:
    return part.removeprefix("frames+") in registry.names("model") or part in BASELINES


def _matches(model: str, name: str, pattern: str) -> tuple[list[str], list[str]]:
    """Return the checkpoints that match, and the names of other matches, in natural order."""
    if "#" in pattern:
        raise UserError(f"-m {model}: a pattern has no revision: leave #… out")
    paths = sorted(glob.glob(with_home(pattern), recursive=True), key=natural_key)  # noqa: PTH207
    takes = getattr(class_of(name), "checkpoints", ())
    fitting = [path for path in paths if _is_checkpoint(Path(path), takes)]
    skipped = [Path(path).name for path in paths if path not in fitting]
    if not fitting:
        fault = f"no checkpoint among the matches {listed(skipped)}" if paths else "no match"
        raise UserError(f"-m {model}: {fault}; {_contents(pattern)}")
    return fitting, skipped


def _is_checkpoint(path: Path, takes: Sequence[str]) -> bool:
    """Return whether a path is a checkpoint, or a damaged one, which its run refuses."""
    if not path.is_dir():
        return accepts(takes, path.name)
    try:
        check_folder(path, takes)
    except ModelError:
        return not takes and any((path / name).is_file() for name in ("config.json", PIPELINE))
    return True


def _contents(pattern: str) -> str:
    """Return what the folder of a pattern holds: its part before the first wildcard."""
    parts = Path(with_home(pattern)).parts
    fixed = next(at for at, part in enumerate(parts) if _WILD.search(part))
    folder = Path(*parts[:fixed])
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = sorted((path.name for path in folder.iterdir()), key=natural_key)
    return f"{folder} holds {listed(names, _SHOWN) or 'nothing'}"
