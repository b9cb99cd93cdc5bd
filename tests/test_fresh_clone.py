"""README's examples of compare and gate, on the leaderboards of this repository."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mmbench import store
from mmbench.cli import main
from mmbench.run_lookup import find_run

ROOT = Path(__file__).parents[1]
_EXAMPLE = re.compile(r"^    \$ mmbench ((?:compare|gate) .*)$", re.MULTILINE)
_RUN = re.compile(r"\d{8}-\d{6}-\S+")
_LIMIT = 1_000_000  # bytes of rows in the repository


def _kept() -> list[Path]:
    """The files of rows that a clone has."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git repository")
    command = ["git", "ls-files", "-z", "leaderboards/*.parquet"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name]


@pytest.mark.slow
def test_the_examples_of_readme_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = _EXAMPLE.findall((ROOT / "README.md").read_text())
    assert {example.split()[0] for example in examples} == {"compare", "gate"}
    runs = {run for example in examples for run in _RUN.findall(example)}
    monkeypatch.chdir(ROOT)
    rows = {run: ROOT / f"leaderboards/{find_run(run).rows_name}" for run in runs}
    kept = _kept()
    if not kept:
        pytest.skip("the repository has no rows yet")
    assert {run for run, path in rows.items() if path not in kept} == set()
    for example in examples:
        args = shlex.split(example)
        shown = main(args)
        assert capsys.readouterr().out
        assert shown == (0 if args[0] == "compare" else _code(args))


def _code(args: list[str]) -> int:
    """Of a gate: 1 where the candidate is the earlier checkpoint."""
    order = [args[args.index(f"--{role}") + 1] for role in ("baseline", "candidate")]
    return int(order != sorted(order))


def test_the_rows_in_the_repository_are_small_and_of_their_records() -> None:
    kept = _kept()
    assert sum(path.stat().st_size for path in kept) < _LIMIT
    for path in kept:
        assert store.read_table(find_run(path.with_suffix(".json")))["id"]
