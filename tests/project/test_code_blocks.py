"""Code blocks of README and docs: each has a language, and its mmbench commands exist.

Tables of these documents have a header.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmbench import registry
from mmbench.cli.parser import make_parser
from mmbench.engine.loading.models.resolver import BASELINES
from mmbench.spec import task_files
from mmbench.task_groups import group_files
from tests.support.documents import DOCUMENTS, Block, fenced_blocks
from tests.support.paths import ROOT

LANGUAGES = {"console", "json", "python", "sh", "text", "yaml"}
MODELS = {*registry.names("model"), *BASELINES}
# The flags that hold names, with the names that exist.
NAMES = {
    "model": MODELS,
    "task": {*task_files(), *(f"group:{name}" for name in group_files())},
    "eval": set(task_files()),
    "trainer": set(registry.names("trainer")),
    "report_to": set(registry.names("reporter")),
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_code_block_is_fenced_with_its_language(document: Path) -> None:
    fenced, indented = False, []
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and re.match(r" {4}|\t| *```", line):
            indented.append(f"{document.name}:{number}: {line}")
    assert indented == []
    assert {block.language for block in fenced_blocks(document)} <= LANGUAGES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_table_has_a_header_without_which_its_rows_are_text(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    tables = re.findall(r"(?:^\|[ :-].*\n)+", text, re.M)
    headers = [re.match(r"\|.*\n\|(?:[ :]*-+[ :]*\|)+\n", table) for table in tables]
    assert [table[:100] for table, header in zip(tables, headers, strict=True) if not header] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_mmbench_command_parses_and_names_what_exists(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for block in fenced_blocks(document):
        for command in mmbench_commands(block):
            try:
                arguments = make_parser().parse_args(command[1:])
            except SystemExit:
                pytest.fail(f"{shlex.join(command)}\n{capsys.readouterr().err}")
            assert unknown_names(arguments) == [], shlex.join(command)


def test_the_commands_of_a_document_are_found() -> None:
    blocks = fenced_blocks(ROOT / "docs/compare.md")
    found = {command[1] for block in blocks for command in mmbench_commands(block)}
    assert found >= {"compare", "gate", "history"}


def test_a_wrong_flag_and_a_wrong_name_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    block = Block("sh", "A=1 mmbench run -m clop@X \\\n    -t coco-retrieva > run.json # twice\n")
    (command,) = mmbench_commands(block)
    assert command == ["mmbench", "run", "-m", "clop@X", "-t", "coco-retrieva"]
    assert unknown_names(make_parser().parse_args(command[1:])) == ["clop@X", "coco-retrieva"]
    with pytest.raises(SystemExit):
        make_parser().parse_args(["run", "-m", "clip", "-t", "coco-retrieval", "--blind"])
    assert "--blind" in capsys.readouterr().err


def mmbench_commands(block: Block) -> Iterator[list[str]]:
    """Yield the words of each command `mmbench …` of a block, without comments and redirections."""
    if block.language not in {"console", "sh", "yaml"}:
        return
    for line in block.text.replace("\\\n", " ").splitlines():
        found = re.fullmatch(r"(?:\$ |- )?\s*(?:run: |[A-Z_]+=\S+ )*(mmbench .*)", line.strip())
        if found and (block.language != "console" or line.startswith("$ ")):
            words = shlex.split(found[1], comments=True)
            end = next((i for i, word in enumerate(words) if word in {">", "|", "&&"}), len(words))
            yield words[:end]


def unknown_names(arguments: argparse.Namespace) -> list[str]:
    """Return the names of models, tasks, trainers and reporters that are not registered.

    Placeholders in capitals and paths are not names; a plugin may register any name.
    """
    if getattr(arguments, "plugin", None):
        return []
    if arguments.command == "train":
        arguments.trainer = arguments.name
    unknown = []
    for flag, known in NAMES.items():
        value = getattr(arguments, flag, None) or []
        values = [value] if isinstance(value, str) else value
        for name in [name for listed in values for name in listed.split(",")]:
            base = re.split("[:@]", name)[0].removeprefix("frames+") if flag == "model" else name
            if base not in known and not base.isupper() and not re.search(r"[/.$]", base):
                unknown.append(name)
    return unknown
