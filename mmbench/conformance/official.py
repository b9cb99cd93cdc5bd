"""The code of other packages, which may be absent or need things that a comparison does not."""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace


def installed(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def library(name: str) -> ModuleType:
    """A module of a package. Raises ImportError, which skips the case.

    Where torch-fidelity is installed and lacks torchvision, torchmetrics fails on its first import
    and succeeds on its second.
    """
    try:
        return import_module(name)
    except ImportError:
        return import_module(name)


def lifted(module: str, *names: str, **given: object) -> SimpleNamespace:
    """Functions of a module by themselves, in the names `given`, without what it imports.

    torch-fidelity, clean-fid and pytorch-fid import torchvision for the images, which their
    distances of features do not need. Raises ImportError where the package or a function is absent.
    """
    file = _folder(module.partition(".")[0]).joinpath(*module.split(".")[1:]).with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    wanted = [node for node in tree.body if getattr(node, "name", "") in names]
    if len(wanted) < len(names):
        raise ImportError(f"{module} has other functions than {', '.join(names)}")
    space: dict[str, object] = dict(given)
    exec(compile(ast.Module(wanted, []), str(file), "exec"), space)
    return SimpleNamespace(**{name: space[name] for name in names})


@cache
def subpackage(package: str, name: str) -> ModuleType:
    """A package within a package by itself, without the outer one's imports. Raises ImportError."""
    folder = _folder(package) / name
    alias = f"_conformance_{package}_{name}"
    spec = spec_from_file_location(
        alias, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not folder.is_dir():
        raise ImportError(f"{package} has no {name}")
    module = sys.modules[alias] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ImportError(f"no package {package}")
    return Path(found.submodule_search_locations[0])
