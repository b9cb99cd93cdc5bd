"""pyproject.toml names what the package imports, and nothing that it does not need."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

PACKAGE = ROOT / "mmbench"
# Module → distribution, where neither is installed here and the names differ.
ABSENT = {
    "cleanfid": "clean-fid",
    "open_clip": "open-clip-torch",
    "pyannote": "pyannote-metrics",
    "pytrec_eval": "pytrec-eval-terrier",
    "skimage": "scikit-image",
    "whisper": "openai-whisper",
}
# Declared for other libraries that import them where they find them.
TRANSITIVE = {
    "sentencepiece": "transformers reads the tokenizers of SigLIP and SpeechT5 with it",
    "protobuf": "transformers reads files of sentencepiece with it",
    "num2words": "SmolVLM's processor in transformers spells the number of frames with it",
    "onnxruntime": "speechmos runs its models with it, and does not say so",
    "faiss-gpu": "another build of faiss",
    "faiss-gpu-cuvs": "another build of faiss",
}
# Imported without being declared.
UNDECLARED = {
    "_typeshed": "stubs, for type checkers alone",
    "typing_extensions": "a default of a type variable, for type checkers alone",
    "clip_benchmark": "data of a package that is found and never imported; the error names it",
}


def load_lowest() -> ModuleType:
    spec = spec_from_file_location("lowest", ROOT / "tools/lowest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lowest = load_lowest()
GROUPS: dict[str, list[Requirement]] = lowest.requirements()
DECLARED = {
    extra: {canonicalize_name(requirement.name) for requirement in members}
    for extra, members in GROUPS.items()
}


def top(name: str) -> str:
    return name.partition(".")[0]


def imports(tree: ast.AST) -> Iterator[str]:
    """The modules that a file imports, anywhere in it, and those it looks for by name."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (top(alias.name) for alias in node.names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield top(module)
            case ast.Call(func=ast.Name(id="find_spec"), args=[ast.Constant(value=str(name))]):
                yield top(name)


def compared(tree: ast.AST) -> Iterator[str]:
    """The packages that `conformance` compares with: `library("package.module")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="library"), args=[ast.Constant(value=str(name))]):
                yield top(name)
            case ast.Call(
                func=ast.Name(id="library"),
                args=[ast.JoinedStr(values=[ast.Constant(value=str(name)), *_])],
            ):
                yield top(name)


Finder: TypeAlias = Callable[[ast.AST], Iterator[str]]


@cache
def all_files() -> dict[Finder, dict[str, set[Path]]]:
    """For each finder: foreign module → the files of the package that name it.

    All files are parsed once, and not before a test runs: each process collects all tests.
    """
    found: dict[Finder, dict[str, set[Path]]] = {
        find: defaultdict(set) for find in (imports, compared)
    }
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for find, files in found.items():
            for module in find(tree):
                if module not in sys.stdlib_module_names and module != "mmbench":
                    files[module].add(file)
    return found


def files_by_module(find: Finder) -> dict[str, set[Path]]:
    return all_files()[find]


@cache
def installed() -> dict[str, list[str]]:
    return dict(packages_distributions())


def distributions(module: str) -> set[str]:
    """The distributions that bring a module."""
    here = installed().get(module, [])
    return {canonicalize_name(name) for name in (*here, ABSENT.get(module, module))}


def homes(module: str) -> set[str]:
    """The extras that declare a module; "" stands for the dependencies of every installation."""
    return {extra for extra, names in DECLARED.items() if names & distributions(module)}


def test_imported_modules_are_declared() -> None:
    """An extra has to be named by the error of the feature that needs it."""
    modules = sorted(set(files_by_module(imports)) - set(UNDECLARED))
    assert "numpy" in modules
    assert [fault for module in modules if (fault := undeclared(module))] == []


def undeclared(module: str) -> str:
    """What is wrong with the declaration of a module; "" if nothing is."""
    found = homes(module) - {"dev"}
    files = [str(file.relative_to(ROOT)) for file in files_by_module(imports)[module]]
    if not found:
        return f"{', '.join(files)} import {module}, which pyproject.toml does not declare"
    if "" in found or any(named_by_an_error(extra) for extra in found):
        return ""
    return f"{module}: no error says: pip install 'mmbench[{' or '.join(found)}]'"


@cache
def named_by_an_error(extra: str) -> bool:
    texts = (file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    return any(f'"mmbench[{extra}]"' in text for text in texts)


def test_what_conformance_compares_with_is_installed_by_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    by_make = {canonicalize_name(word) for word in makefile.split()}
    for module in files_by_module(compared):
        assert homes(module) or distributions(module) & by_make, module


@pytest.mark.parametrize(
    "name", sorted({name for extra, names in DECLARED.items() if extra != "dev" for name in names})
)
def test_a_declared_distribution_is_imported(name: str) -> None:
    modules = {*files_by_module(imports), *files_by_module(compared)}
    needed = any(name in distributions(module) for module in modules)
    assert needed != (name in TRANSITIVE), f"{name}: remove it, or say why it stays"


def test_exceptions_are_needed() -> None:
    assert set(UNDECLARED) <= set(files_by_module(imports))
    assert not any(homes(module) for module in UNDECLARED)
    assert set(TRANSITIVE) <= {name for names in DECLARED.values() for name in names}


def test_each_dependency_has_one_lower_bound_and_a_tested_version() -> None:
    """The constraints and pyproject.toml agree; the other builds of faiss are not tested."""
    with_torchvision = lowest.pinned(ROOT / "constraints-torchvision.txt")
    pins = with_torchvision | lowest.pinned()
    for extra, members in GROUPS.items():
        for requirement in members:
            if extra != "dev":
                assert lowest.lowest(requirement)
            pin = pins.get(canonicalize_name(requirement.name))
            if pin is None:
                assert requirement.name in ("faiss-gpu", "faiss-gpu-cuvs"), requirement
            else:
                assert requirement.specifier.contains(pin.partition("==")[2]), requirement
    assert set(with_torchvision) - set(lowest.pinned()) == {
        "open-clip-torch",
        "timm",
        "torchvision",
    }


def test_the_lowest_versions_are_those_of_the_bounds() -> None:
    text = "\n".join(lowest.lines())
    assert "numpy==1.26\n" in text
    assert "faiss-cpu==" in text
    assert "faiss-gpu" not in text
    assert lowest.pinned()["pytest"] in text
    names = [canonicalize_name(Requirement(line).name) for line in lowest.lines()]
    assert len(names) == len(set(names)), "a package has two versions"
    with pytest.raises(
        ValueError, match="needs exactly one lower bound; write, for example, numpy"
    ):
        lowest.lowest(Requirement("numpy<3"))
