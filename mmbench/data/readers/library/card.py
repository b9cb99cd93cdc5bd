"""Checks of the data files that a data set's README.md or metadata files refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path, PurePath

from mmbench.errors import DataError
from mmbench.text import plain
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json, parse_yaml

# The metadata files that `datasets` reads, and the keys in them that hold paths.
_KEYS = {
    "README.md": ("data_files", "data_dir"),
    ".huggingface.yaml": ("data_files", "data_dir"),
    "dataset_dict.json": ("splits",),
    "state.json": ("filename",),
    "*/state.json": ("filename",),
}


def check_card(folder: Path) -> None:
    """Raise DataError if a data set's README.md or metadata refer to data outside its folder.

    Without this check, the datasets library would read or download any file or URL in them.
    """
    for pattern, keys in _KEYS.items():
        for file in filter(Path.is_file, folder.glob(pattern)):
            for path in _texts(_read_description(file), keys):
                if "://" in path or "::" in path or _leads_out(path):
                    raise DataError(
                        f"{file} refers to data outside its folder: {plain(path)}; put them into"
                        " the folder, or give --data FILE"
                    )


def _read_description(file: Path) -> object:
    """Return the content of a metadata file; for Markdown, the content of its YAML front matter."""
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    try:
        text = read_regular(file).decode()
        if file.suffix == ".json":
            return parse_json(text)
        if file.suffix == ".md":
            block = REGEX_YAML_BLOCK.search(text)
            text = block[2] if block else ""
        return parse_yaml(text)
    except ValueError as error:
        raise DataError(f"{file} cannot be read: {error}") from error


def _texts(value: object, keys: Collection[str], *, below: bool = False) -> Iterator[str]:
    """Yield the strings under the given keys of a nested value, at any depth.

    With `below`, `value` itself is under one of the keys.
    """
    match value:
        case str() if below:
            yield value
        case list():
            for one in value:
                yield from _texts(one, keys, below=below)
        case dict():
            for key, one in value.items():
                yield from _texts(one, keys, below=below or key in keys)


def _leads_out(path: str) -> bool:
    return PurePath(path).is_absolute() or path.startswith("~") or ".." in PurePath(path).parts
