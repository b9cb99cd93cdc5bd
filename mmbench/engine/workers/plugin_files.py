"""Plugins on their way from the driver to a worker.

The files of `--plugin` are sent with the local modules and the files that they name, and are loaded
under the same registered names. A plugin of an installed package is not sent: the worker's node
must have the package in the same version.
"""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmbench import registry
from mmbench.engine.workers.messages import ModelOrder, PluginSource
from mmbench.plugins.sources import read_source
from mmbench.validation.regular_files import read_regular

_LARGEST_FILE = 64 << 20  # bytes; larger files next to a plugin are weights, which nodes must have


def plugin_sources() -> tuple[PluginSource, ...]:
    """Return the plugin files that this process has loaded, in the order of loading."""
    return tuple(_as_source(path, raw) for path, raw in registry.plugin_files().items())


def plugin_packages() -> dict[str, str]:
    """Return the installed packages with plugins, and their versions."""
    return {
        package.name: package.version
        for kind in registry.KINDS
        for name in registry.names(kind)
        if (plugin := registry.plugin(kind, name)) and (package := plugin.package)
    }


def _as_source(path: Path, raw: bytes) -> PluginSource:
    source = read_source(path)
    modules = {_relative(file, path): data for file, data in source.files.items() if file != path}
    for name in sorted(source.names):
        file = path.parent / name
        if _is_inside(name) and _is_small_file(file):
            modules.setdefault(name, read_regular(file))
    return PluginSource(str(path), raw, modules)


def _is_inside(name: str) -> bool:
    """Return whether a name is that of one file below the folder of the plugin."""
    return "*" not in name and not Path(name).is_absolute() and ".." not in Path(name).parts


def _is_small_file(file: Path) -> bool:
    return file.is_file() and file.stat().st_size <= _LARGEST_FILE


def _relative(file: Path, plugin: Path) -> str:
    """Return the path of a module relative to the folder on `sys.path` that contains it."""
    folders = [Path(entry).resolve() for entry in sys.path if entry] + [plugin.parent]
    inside = [folder for folder in folders if folder in file.parents]
    nearest = max(inside, key=lambda folder: len(folder.parts), default=file.parent)
    return str(file.relative_to(nearest))


def load_plugins(order: ModelOrder) -> str:
    """Load the plugin files of the driver; return why the plugins cannot be used, or ""."""
    for name, expected in order.packages.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            return f"it lacks the plugin package {name}; type pip install {name}=={expected}"
        if found != expected:
            return f"it has {name} {found}, and the driver {expected}; install the same version"
    for plugin in order.plugins:
        registry.load_plugin(str(_local_file(plugin)))
    return ""


def _local_file(plugin: PluginSource) -> Path:
    """Return the plugin's file if this node has it with the same bytes, else a copy of it."""
    path = Path(plugin.path)
    files = {path: plugin.source} | {path.parent / n: raw for n, raw in plugin.modules.items()}
    is_same = all(file.is_file() and read_regular(file) == raw for file, raw in files.items())
    return path if is_same else _written(path.name, plugin.source, tuple(plugin.modules.items()))


@cache
def _written(name: str, source: bytes, modules: tuple[tuple[str, bytes], ...]) -> Path:
    """Write a plugin and its modules to a new folder, from which the modules can be imported."""
    folder = Path(tempfile.mkdtemp(prefix="mmbench-plugin-"))
    for place, data in (*modules, (name, source)):
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    sys.path.insert(0, str(folder))
    return folder / name
