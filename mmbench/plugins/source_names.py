"""Extraction of file and module names from the string literals of Python source.

np.load("head.npy")                       head.npy
HERE / "weights" / "net.npz"              weights/net.npz
os.path.join(folder, "weights", "a.pt")   weights/a.pt
f"net-{step}.npz"                         net-*.npz
importlib.import_module("helper")         the module helper
"""

from __future__ import annotations

import ast
import re

_LONGEST = 255  # characters of a file name on common file systems
_JOINS = ("join", "joinpath", "with_name")
_IMPORTS = ("import_module", "__import__")
_ANYTHING = re.compile(r"[*\s./\\]*")


def file_names(node: ast.AST) -> set[str]:
    """Return the file names that a node of a syntax tree may contain: a path or a `*` pattern.

    A string literal counts if it contains a dot or a slash, or is joined to a path.
    """
    text = _joined(node)
    if text:
        return {text} if _is_name(text) else set()
    text = _text(node)
    return {text} if _is_name(text) and ("/" in text or "." in text) else set()


def imported_names(node: ast.AST) -> list[str]:
    """Return the modules that a call imports by name; `.helper` is a module of the same package."""
    if not isinstance(node, ast.Call) or _function(node) not in _IMPORTS:
        return []
    return [_text(argument) for argument in node.args[:1] if _text(argument)]


def _is_name(text: str) -> bool:
    short = 2 < len(text) <= _LONGEST and "\n" not in text and "\0" not in text
    return short and not _ANYTHING.fullmatch(text)


def _text(node: ast.AST) -> str:
    """Return the value of a string literal, with `*` in place of the fields of an f-string.

    Return "" for any other node.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "*" for part in node.values)
    return ""


def _joined(node: ast.AST) -> str:
    """Return the end of the path that an expression joins: the string literals at its end.

    The literals are joined by slashes.
    """
    texts: list[str] = []
    for part in reversed(_parts(node)):
        if not _text(part):
            break
        texts.insert(0, _text(part).strip("/"))
    return "/".join(texts)


def _parts(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [*(_parts(node.left) or [node.left]), node.right]
    if isinstance(node, ast.Call) and _function(node) in _JOINS:
        return list(node.args)
    return []


def _function(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))
