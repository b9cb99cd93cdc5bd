"""The state of a model, other than its checkpoint, that can change its outputs.

It consists of a plugin's source code, the files that its options and its source code name, and the
`identity` that its class declares. If an option is a live object without an identity, the outputs
of the model are not cached.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import NamedTuple

from mmbench import registry
from mmbench.checkpoints.file_hashes import FileHash, exists, hash_folder, hash_path, matching
from mmbench.engine.identity import NUMERIC, package_version
from mmbench.engine.loading.models.files import is_live, leaves, named_files, plain, too_wide
from mmbench.errors import ModelError
from mmbench.plugins.sources import MMBENCH, Source, read_source
from mmbench.protocols import ModelClass
from mmbench.registry import Plugin
from mmbench.text import with_home
from mmbench.validation.named_values import function_options

# A file with one of these suffixes contains weights; a folder with such a file is a model.
_WEIGHTS = (
    *(".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".gguf", ".npy", ".npz", ".h5"),
    *(".keras", ".msgpack", ".tflite", ".nemo", ".pkl", ".joblib", ".model", ".pb", ".engine"),
)


class ModelState(NamedTuple):
    """The state of a model: `source` and `parts` enter its hash; records store `options`.

    `uncached` is the reason why outputs are not cached, empty if they are cached.
    """

    source: list[bytes]
    parts: list[str]
    options: dict[str, object]
    uncached: str


def model_state(
    name: str, cls: ModelClass, options: dict[str, object], file_hash: FileHash
) -> ModelState:
    """Collect the state of a model class with these options that can change its outputs.

    Options that the class lists as `unhashed`, such as the number of parallel requests, do not
    change the outputs and are passed to a declared `identity` only. Raises ModelError for a file
    that cannot be read, and for an identity that is not a str.
    """
    plugin = registry.plugin("model", name)
    source = _source(plugin, cls)
    hashed = {k: v for k, v in options.items() if k not in getattr(cls, "unhashed", ())}
    live: list[str] = []
    parts = list(_plugin_parts(plugin, cls, source, file_hash))
    if plugin is not None:
        parts += _default_files(name, cls, hashed, file_hash)
    content_options = getattr(cls, "content_options", ())
    for place, value in leaves(hashed):
        if place in content_options:
            parts += _content_hash(name, place, value, file_hash)
        elif is_live(value):
            identity = _object_identity(value)
            parts += [f"{place}:{identity}"] if identity is not None else []
            live += [] if identity is not None else [f"option {place} is a live object"]
        elif too_wide(value):
            live.append(f"option {place}={value} is a folder around the working or home folder")
        else:
            parts += _hashes(name, place, value, file_hash)
    contents = list(source.files.values())  # in the order of imports, not of paths
    if _is_live(plugin):
        live.insert(0, "the model was registered by a running program")
    recorded = {name: plain(value) for name, value in hashed.items()}
    parts, uncached = _declared(name, cls, options, parts, live)
    return ModelState(contents, parts, recorded, uncached)


def _is_live(plugin: Plugin | None) -> bool:
    return plugin is not None and plugin.file is None and plugin.package is None


def _source(plugin: Plugin | None, cls: ModelClass) -> Source:
    """Return the source code of a plugin: the class's module and the file that registered it."""
    if plugin is None:
        return Source({}, frozenset())
    file = getattr(plugin.module or sys.modules.get(cls.__module__), "__file__", None)
    files = dict.fromkeys([Path(file).resolve() if file else None, plugin.file])
    sources = [read_source(file) for file in files if file and MMBENCH not in file.parents]
    merged = {path: raw for source in sources for path, raw in source.files.items()}
    return Source(merged, frozenset().union(*(source.names for source in sources)))


def _plugin_parts(
    plugin: Plugin | None, cls: ModelClass, source: Source, file_hash: FileHash
) -> Iterator[str]:
    if plugin is None:
        return
    yield cls.__qualname__  # a source file may define several classes
    yield from _versions(plugin)
    # A running program may write files next to its source that the source names.
    homes = set() if _is_live(plugin) else {file.parent for file in source.files}
    places = {Path(), *(file.parent for file in source.files)}
    for text in sorted(source.names):
        companions = {path.resolve() for home in homes for path in _file_next_to(home, text)}
        weights = {path.resolve() for place in places for path in _weights(place, text)}
        others = sorted((companions | weights) - source.files.keys())
        yield from (f"{text}:{hash_path(path, file_hash)}" for path in others)


def _file_next_to(home: Path, text: str) -> list[Path]:
    """Return the file that a source names relative to its folder, such as a prompt or a config."""
    path = home / text
    return [path] if not Path(text).is_absolute() and exists(path) and path.is_file() else []


def _weights(place: Path, text: str) -> list[Path]:
    """Return the weights files that a source names, and named folders that contain weights."""
    path = place / text
    if "*" in text:
        return [one for one in matching(Path(escape(str(place))) / text) if _is_weights(one)]
    if not exists(path) or too_wide(path):
        return []
    return [path] if _is_weights(path) or any(map(_is_weights, path.glob("*"))) else []


def _is_weights(path: Path) -> bool:
    return path.suffix.lower() in _WEIGHTS and path.is_file()


def _versions(plugin: Plugin) -> Iterator[str]:
    """Yield the versions of a plugin's package and of its required packages: `NAME==VERSION`.

    Packages with a version in the journal's key are left out.
    """
    if plugin.package is None:
        return
    yield f"{plugin.package.name}=={plugin.package.version}"
    for requirement in plugin.package.requires or []:
        required = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if required.lower() not in (*NUMERIC, "mmbench"):
            yield f"{required}=={package_version(required)}"


def _hashes(name: str, place: str, value: object, file_hash: FileHash) -> Iterator[str]:
    for path in named_files(value):
        try:
            yield f"{place}:{path}:{hash_path(path, file_hash)}"
        except ModelError as error:
            raise ModelError(f"model {name}: option {place}={value}: {error}") from error


def _content_hash(name: str, place: str, value: object, file_hash: FileHash) -> list[str]:
    """Return the hash of a file or folder without its path; folders of earlier steps are skipped.

    Raises ModelError if there is none.
    """
    if value is None:
        return []
    path = Path(with_home(str(value)))
    if not exists(path):
        raise ModelError(
            f"model {name}: option {place}: there is no file or folder {path} on this machine:"
            " check the path"
        )
    is_folder = path.is_dir()
    content = (
        hash_folder(path, file_hash, earlier=False) if is_folder else hash_path(path, file_hash)
    )
    return [f"{place}:{content}"]


def _default_files(
    name: str, cls: ModelClass, options: dict[str, object], file_hash: FileHash
) -> Iterator[str]:
    """Yield hashes of the files that the default values of missing options name."""
    for option, parameter in function_options(cls).items():
        if option not in options and parameter.default is not inspect.Parameter.empty:
            for place, value in leaves(parameter.default, option):
                if not too_wide(value):
                    yield from _hashes(name, place, value, file_hash)


def _object_identity(value: object) -> str | None:
    """Return the `identity` of a live object, an attribute or a method; None if it has none."""
    identity = getattr(value, "identity", None)
    identity = identity() if callable(identity) else identity
    return identity if isinstance(identity, str) else None


def _declared(
    name: str, cls: ModelClass, options: dict[str, object], parts: list[str], live: list[str]
) -> tuple[list[str], str]:
    """Return the parts with the declared `identity`, and the reason why outputs are not cached.

    A declared `identity` replaces all reasons in `live`.
    """
    if not hasattr(cls, "identity"):
        return parts, "; ".join(live)
    identity = inspect.getattr_static(cls, "identity")
    if isinstance(identity, classmethod | staticmethod):
        identity = getattr(cls, "identity")(**options)  # noqa: B009
    if identity is None:
        return parts, "its `identity` is None"
    if not isinstance(identity, str):
        raise ModelError(
            f"model {name}: `identity` of the class is a {type(identity).__name__}; declare a str,"
            " or a classmethod that takes the options and returns a str"
        )
    return [*parts, f"identity:{identity}"], ""
