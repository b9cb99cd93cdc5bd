"""Lookup of undocumented objects of the datasets library, whose modules are listed only here."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

from mmbench.errors import Missing

# Names, and the module of each in datasets 4.0 to 5.2.
NAMES = {
    "Cache": "datasets.packaged_modules.cache.cache",
    "Json": "datasets.packaged_modules.json.json",
    "camelcase_to_snakecase": "datasets.naming",
    "DOWNLOADED_DATASETS_PATH": "datasets.config",
    "EXTRACTED_DATASETS_PATH": "datasets.config",
    "HF_DATASETS_CACHE": "datasets.config",
    "HF_UPDATE_DOWNLOAD_COUNTS": "datasets.config",
}


def library_name(name: str) -> Any:
    """Return the object `name` of the datasets library; the name must be a key of `NAMES`.

    Raises Missing if the library has moved the object to another module.
    """
    try:
        return getattr(import_module(NAMES[name]), name)
    except (ImportError, AttributeError) as error:
        here = version("datasets")
        raise Missing(
            f"datasets {here} has no {name} in {NAMES[name]}; install an earlier version:"
            f" pip install 'datasets<{here}'"
        ) from error


def stop_counting_downloads() -> None:
    """Stop the datasets library from reporting the use of its builders to the hub.

    Without a network each report takes 5 seconds. Raises Missing.
    """
    name = "HF_UPDATE_DOWNLOAD_COUNTS"
    library_name(name)
    setattr(import_module(NAMES[name]), name, False)
