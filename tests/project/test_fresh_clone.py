"""README's examples of compare and gate, on the leaderboards of this repository."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.storage import records as store
from mmbench.storage.run_lookup import find_run
from tests.support.paths import ROOT

_EXAMPLE = re.compile(r"^    \$ mmbench ((compare|gate) .*)$", re.MULTILINE)
_EXIT_CODE = re.compile(r"^    # exit code (\d)$", re.MULTILINE)
_LIMIT = 1_000_000  # bytes of rows in the repository


def _kept() -> list[Path]:
    """The files of rows that a clone has."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git repository")
    command = ["git", "ls-files", "-z", "leaderboards/*.parquet"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name]


@pytest.mark.slow
def test_the_examples_of_readme_print_what_it_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text()
    examples = list(_EXAMPLE.finditer(readme))
    assert {example[2] for example in examples} == {"compare", "gate"}
    monkeypatch.chdir(ROOT)
    assert _kept(), "the repository has no rows: the examples need them"
    for example in examples:
        code = main(shlex.split(example[1]))
        shown = [f"    {line}".rstrip() for line in capsys.readouterr().out.splitlines()]
        assert readme[example.end() + 1 :].splitlines()[: len(shown)] == shown
        assert code == (0 if example[2] == "compare" else _expected(readme, example.end()))


def _expected(readme: str, start: int) -> int:
    """Return the exit code that README states behind an example."""
    found = _EXIT_CODE.search(readme, start)
    assert found
    return int(found[1])


def test_the_rows_in_the_repository_are_small_and_of_their_records() -> None:
    kept = _kept()
    assert sum(path.stat().st_size for path in kept) < _LIMIT
    for path in kept:
        assert store.read_table(find_run(path.with_suffix(".json")))["id"]
