"""Fenced blocks of documents: the commands in them, and whether their output is the one shown.

In a `console` block a line that begins with `$ ` is a command, with the lines that continue it
after a backslash, or its here-document; the lines up to the next command are its output. A line
`…` stands for one line or more. A block whose first line begins with `# needs ` needs data, weights
or a server from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```(.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)
_RUN_ID = re.compile(r"\d{8}-\d{6}-[\w.-]+-[0-9a-f]{6}\b")
_HASH = re.compile(r"\b(data|fingerprint) [0-9a-f]{8,12}\b")
_NUMBER = re.compile(r"(?<![\w@.])[-+]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")


class Block(NamedTuple):
    """A fenced block: the language behind its fence, and its text."""

    language: str
    text: str


class Step(NamedTuple):
    """A command and the output that is shown below it."""

    command: str
    output: str


def fenced_blocks(document: Path) -> list[Block]:
    """Return the fenced blocks of a Markdown file in their order."""
    return fenced_blocks_in(document.read_text(encoding="utf-8"))


def fenced_blocks_in(text: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text in their order."""
    return [Block(*found) for found in _FENCE.findall(text)]


def plugin_modules() -> set[str]:
    """Return the modules that docs/plugins.md promises to plugins."""
    page = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    section = page.split("## What a plugin imports")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `mmbench")]
    return {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


def console_steps(block: Block) -> Iterator[Step]:
    """Yield the steps of a `console` block that needs no outside data."""
    if block.language != "console" or block.text.startswith("# needs "):
        return
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        heredoc = re.match(r".*<<EOF\n(?:.*\n)*?EOF\n", part)
        command = heredoc or re.match(r"(?:.*\\\n)*.*\n", part)
        assert command is not None, part
        text = command[0].rstrip("\n")
        yield Step(text if heredoc else text.replace("\\\n", ""), part[command.end() :])


def output_matches(shown: str, printed: str, *, exact: bool) -> bool:
    """Return whether a command printed what a document shows.

    Unless `exact`, any number may stand for a number, and any id or hash for another; the widths
    of columns, which depend on them, are ignored.
    """
    lines = [line if exact else _masked(line) for line in shown.splitlines()]
    pattern = "".join(r"(?:.*\n)+?" if line == "…" else re.escape(line) + r"\n" for line in lines)
    found = "".join(f"{line if exact else _masked(line)}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, found) is not None


def _masked(line: str) -> str:
    line = _HASH.sub(r"\1 HASH", _RUN_ID.sub("RUN", line))
    return " ".join(_NUMBER.sub("0", line).split())
