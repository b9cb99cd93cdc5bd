"""The folder of a training run: creation, check before resuming, and atomic writes."""

from __future__ import annotations

import json
import platform
import shutil
from pathlib import Path

from msgspec import to_builtins

from mmbench import __version__
from mmbench.errors import UserError
from mmbench.reference.training.recipe import Recipe
from mmbench.storage import remove_parts, write_whole
from mmbench.validation import parse_json, read_regular


def open_run(out: Path, recipe: Recipe, device: str, *, resume: bool) -> None:
    """Create the folder of a run; with `resume`, check that it holds a run of this recipe."""
    file = out / "recipe.json"
    if resume:
        _refuse_other(file, recipe)
        _sweep(out)
        return
    if file.exists():
        raise UserError(f"{out} holds a training run; add --resume or choose another --out")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not an empty folder; choose another --out")
    content = {"recipe": to_builtins(recipe), "versions": _versions() | {"device": device}}
    write(file, (json.dumps(content, indent=1) + "\n").encode())


def read_started_recipe(out: Path) -> dict[str, object]:
    """Read the recipe of the run in `out` as plain values. Raises UserError if this fails."""
    file = out / "recipe.json"
    try:
        return parse_json(read_regular(file), dict[str, dict[str, object]])["recipe"]
    except FileNotFoundError as error:
        raise UserError(f"{out}: no run to resume; leave --resume out") from error
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{file}: cannot be read: {error}; choose another --out") from error


def _refuse_other(file: Path, recipe: Recipe) -> None:
    old, new = read_started_recipe(file.parent), to_builtins(recipe)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            raise UserError(
                f"{file.parent} was started with another recipe ({name} differs); resume with the"
                " same recipe or choose another --out"
            )


def _sweep(out: Path) -> None:
    """Remove incomplete files that a killed run has left."""
    try:
        for part in out.glob(".step-*.part"):
            shutil.rmtree(part)
        remove_parts(out, settled=0)  # no other process writes here
    except OSError as error:
        raise unwritable(Path(error.filename or out), error) from error


def _versions() -> dict[str, str]:
    import numpy
    import torch

    return {
        "mmbench": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "threads": str(torch.get_num_threads()),
    }


def write(path: Path, data: bytes) -> None:
    """Write a file atomically. Raises UserError if it cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> UserError:
    """Return the UserError for a path that cannot be written, with the reason `error`."""
    return UserError(f"cannot write {path}: {error.strerror}; fix this and repeat with --resume")
