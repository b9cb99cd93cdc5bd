"""Control of messages from transformers and diffusers.

Warnings are silenced, and exceptions become errors with a message of one line.
"""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from mmbench.errors import MissingExtra, MmbenchError, ModelError
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

_REASON_CHARACTERS = 200

# The files of each part of a checkpoint, for messages in which no invalid file is known.
_FILES = {
    "model": "config.json and weights",
    "tokenizer": "tokenizer_config.json and vocabulary",
    "image processor": "preprocessor_config.json",
    "feature extractor": "preprocessor_config.json",
    "parts": "config.json, preprocessor_config.json and tokenizer",
    "model of open_clip": "open_clip_config.json",
    "model of timm": "config.json and weights",
    "weights": "its content",
    "processor": "processor_config.json, preprocessor_config.json and tokenizer",
}


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings and progress bars of transformers inside the context."""
    from transformers.utils import logging as library

    with muted(library):
        yield


@contextmanager
def muted(library: ModuleType) -> Iterator[None]:
    """Silence warnings and progress bars of a library inside the context.

    `library` is the `utils.logging` module of transformers or diffusers.
    """
    verbosity, bars = library.get_verbosity(), library.is_progress_bar_enabled()
    library.set_verbosity_error()
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.set_verbosity(verbosity)
        if bars:
            library.enable_progress_bar()


@contextmanager
def silent() -> Iterator[None]:
    """Suppress warnings, and log records below ERROR, inside the context.

    open_clip and timm log to the root logger, which configures its output at the first record.
    """
    root, placeholder, before = (
        logging.getLogger(),
        logging.NullHandler(),
        logging.root.manager.disable,
    )
    root.addHandler(placeholder)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        root.removeHandler(placeholder)


def import_library(name: str, user: str, extra: str) -> ModuleType:
    """Import a library of an extra (`mmbench[openclip]`) for `user` without its output.

    Raises MissingExtra if it is not installed, and ModelError if its import fails: torchvision
    fails next to a torch of another build.
    """
    if find_spec(name) is None:
        raise MissingExtra(user, name, extra)
    try:
        with silent():
            return import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"{user} cannot import {name}: {reason(error)}; install torch and torchvision from the"
            " same index (docs/install.md)"
        ) from error


@contextmanager
def loading(folder: Path, part: str) -> Iterator[None]:
    """Turn exceptions of transformers inside the context into a ModelError.

    `folder` is the checkpoint folder; `part` is the name of what is loaded from it, such as
    "tokenizer".
    """
    try:
        yield
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"checkpoint {folder}: its pickled weights contain objects other than tensors, which"
            " could run code; give a checkpoint with safetensors files"
        ) from error
    except (MmbenchError, MemoryError, ModuleNotFoundError):
        raise
    except Exception as error:  # invalid values in a configuration can raise any exception
        files = ", ".join(_broken_files(folder)) or _FILES.get(part, "config.json")
        raise ModelError(
            f"checkpoint {folder}: cannot load its {part}: {reason(error)}; check {files}"
        ) from error


def _broken_files(folder: Path) -> list[str]:
    """Return "FILE: error" for each invalid JSON file in a folder."""
    broken = []
    for file in sorted(folder.glob("*.json")):
        try:
            parse_json(read_regular(file), dict[str, object])
        except (OSError, ValueError) as error:
            broken.append(f"{file.name}: {error}")
    return broken


def reason(error: Exception) -> str:
    """Return the type and message of an exception on one line, truncated."""
    text = " ".join(str(error).split())
    cut = text if len(text) <= _REASON_CHARACTERS else text[:_REASON_CHARACTERS] + " ..."
    return f"{type(error).__name__}: {cut}"
