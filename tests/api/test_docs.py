"""The code of docs/python.md runs, and its results are shown as the page has them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import fenced_blocks
from tests.support.paths import ROOT


def masked(text: str) -> str:
    """Return a text without numbers, which differ on other processors, and without padding."""
    return re.sub(r"[ ]+", " ", re.sub(r"\d[\d.,]*", "#", text)).strip()


def value_of(code: str, names: dict[str, Any]) -> object:
    """Run code and return the value of its last expression, as a notebook does."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "docs/python.md", "exec"), names)
        return None
    exec(compile(ast.Module(tree.body[:-1], []), "docs/python.md", "exec"), names)
    return eval(compile(ast.Expression(last.value), "docs/python.md", "eval"), names)


def test_the_page_shows_what_its_code_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "docs"}
    value: object = None
    outputs = 0
    for block in fenced_blocks(ROOT / "docs/python.md"):
        if block.language == "python":
            value = value_of(block.text, names)
        elif block.language == "text":
            assert masked(repr(value)) == masked(block.text)
            outputs += 1
    assert outputs == 6
