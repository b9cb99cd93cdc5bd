"""What adapters import: nothing heavy before a model is loaded, and helpers, not each other."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

MODELS = ROOT / "mmbench/models"
FOLDERS = sorted(path.stem for path in MODELS.iterdir() if path.stem[0] != "_")
BESIDE = {"image_generation": {"chat"}}  # Janus and Emu3 answer as chat models do
HEAVY = ["torch", "transformers", "diffusers", "PIL", "requests", "jinja2"]


def imported(path: Path) -> set[str]:
    """Return the folders of mmbench.models that a module imports."""
    nodes = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
    ]
    names = [(node.module or "").split(".") for node in nodes]
    return {name[2] for name in names if name[:2] == ["mmbench", "models"]}


@pytest.mark.parametrize("folder", FOLDERS)
def test_adapters_import_helpers_and_not_each_other(folder: str) -> None:
    known = {folder, "support", *BESIDE.get(folder, ())}
    modules = [*(MODELS / folder).rglob("*.py"), *MODELS.glob(f"{folder}.py")]
    assert modules
    for module in modules:
        others = imported(module) - (known if folder != "support" else {"support"})
        assert not others, f"{module.name} imports {others}"


def test_importing_adapters_and_helpers_loads_nothing_heavy() -> None:
    code = f"""
import sys
from importlib import import_module
from pkgutil import iter_modules
from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.models import support
for module in iter_modules(support.__path__):
    import_module(f"{{support.__name__}}.{{module.name}}")
for name in TABLES["model"]:
    registry.lookup("model", name)
print(set({HEAVY}) & sys.modules.keys())
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "set()\n", run.stderr
