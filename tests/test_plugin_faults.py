"""Errors in the code of plugins: the message names the plugin, its file and line, exit code 2."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench import registry
from mmbench.cli import main

MODEL = """
import os, sys
import mmbench
from mmbench.errors import SampleError
from mmbench.types import Written

@mmbench.register("model", "mine")
class Mine:
    modalities = frozenset({"text"})

    def __init__(self, folder, *, device, dtype):
        INIT

    def write(self, conversations, options):
        BODY
        return [Written("yes") for _ in conversations]
"""
Attempt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Attempt:
    """Run a model of a plugin with this code on three questions: exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_plugins", {k: {**v} for k, v in registry._plugins.items()})
    rows = [{"id": n, "question": f"{n}?", "answer": "yes"} for n in range(3)]
    Path("data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def attempt(body: str = "pass", *, init: str = "pass", top: str = "") -> tuple[int, str, str]:
        source = MODEL.replace("BODY", body).replace("INIT", init)
        Path("plugin.py").write_text(source + top)
        args = ["run", "--plugin", "plugin.py", "-m", "mine", "-t", "answers", "--json"]
        code = main([*args, "--data", "data.jsonl", "--device", "cpu", "--quiet", "--fresh"])
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return attempt


@pytest.mark.parametrize(
    ("where", "code", "words"),
    [
        ("body", "raise ValueError('no such\\nlayer')", "ValueError: no such layer"),
        ("body", "sys.exit(0)", "it called sys.exit(0)"),
        ("body", "raise StopIteration", "StopIteration"),
        ("body", "(lambda f: f(f))(lambda f: f(f))", "RecursionError: "),
        ("init", "import no_such_library", "ModuleNotFoundError: No module named 'no_such_lib"),
        ("top", "import no_such_library", "ModuleNotFoundError: No module named 'no_such_lib"),
        ("top", "sys.exit(0)", "it called sys.exit(0)"),
    ],
)
def test_an_error_names_the_plugin_its_file_and_line(
    attempt: Attempt, where: str, code: str, words: str
) -> None:
    exit_code, _, err = attempt(**{where: code})
    lines = [line.strip() for line in [*MODEL.splitlines(), "TOP"]]
    assert exit_code == 2
    assert f"mmbench: error: model mine: {words}" in err
    assert f"plugin.py, line {lines.index(where.upper()) + 1}, in " in err
    assert "Traceback" not in err
    assert "bug" not in err


def test_the_traceback_is_shown_on_request(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMBENCH_TRACEBACK", "1")
    code, _, err = attempt("1 / 0")
    assert (code, "Traceback" in err) == (2, True)


def test_what_a_plugin_prints_is_no_part_of_the_json(attempt: Attempt) -> None:
    code, out, err = attempt("print('printed'); os.write(1, b'written'); os.system('echo started')")
    assert code == 0
    assert len(json.loads(out)) == 1
    assert all(word in err for word in ("printed", "written", "started"))
