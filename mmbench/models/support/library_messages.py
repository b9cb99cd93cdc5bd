"""Messages of transformers and diffusers: silenced, or turned into errors of one line."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from mmbench.errors import MmbenchError, ModelError
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

_REASON_CHARACTERS = 200

# The files of each part of a checkpoint, for messages that name no other file.
_FILES = {
    "model": "config.json and weights",
    "tokenizer": "tokenizer_config.json and vocabulary",
    "image processor": "preprocessor_config.json",
    "feature extractor": "preprocessor_config.json",
    "parts": "config.json, preprocessor_config.json and tokenizer",
    "processor": "processor_config.json, preprocessor_config.json and tokenizer",
}


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings and progress bars of transformers inside the context."""
    from transformers.utils import logging

    with muted(logging):
        yield


@contextmanager
def muted(logging: ModuleType) -> Iterator[None]:
    """Silence a library like transformers; `logging` is its module `utils.logging`."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def loading(folder: Path, part: str) -> Iterator[None]:
    """Turn exceptions of transformers about a `part` of a folder into a ModelError."""
    try:
        yield
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"checkpoint {folder}: its pickled weights hold more than tensors, which could run"
            " code: give a checkpoint with safetensors"
        ) from error
    except (MmbenchError, MemoryError, ModuleNotFoundError):
        raise
    except Exception as error:  # invalid values of a configuration raise any exception
        files = ", ".join(_broken_files(folder)) or _FILES.get(part, "config.json")
        raise ModelError(
            f"checkpoint {folder}: cannot load its {part}: {reason(error)}; see {files}"
        ) from error


def _broken_files(folder: Path) -> list[str]:
    """Return the invalid JSON files of a folder with their errors."""
    broken = []
    for file in sorted(folder.glob("*.json")):
        try:
            parse_json(read_regular(file), dict[str, object])
        except (OSError, ValueError) as error:
            broken.append(f"{file.name}: {error}")
    return broken


def reason(error: Exception) -> str:
    """Return the message of a library's exception on one line, truncated."""
    text = " ".join(str(error).split())
    cut = text if len(text) <= _REASON_CHARACTERS else text[:_REASON_CHARACTERS] + " ..."
    return f"{type(error).__name__}: {cut}"
