"""`mmbench train`: trainers are looked up by name, and their checkpoints evaluated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.cli import main
from mmbench.cli.exit_codes import DONE, USER
from mmbench.reference.training import recipe_names
from mmbench.storage.records import read_records

PLUGIN = """
from pathlib import Path
import mmbench
from mmbench.errors import UserError
from mmbench.types import TrainingStep

@mmbench.register("trainer", "counter")
def count(run, *, report, saved):
    if run.seed == 13:
        raise UserError("trainer counter: no 13")
    if run.seed == 14:
        return run.out / "3"
    print(run.trainer, run.recipe, run.steps, run.every, run.seed, run.device, run.resume)
    for number, before, stage in ((1, 0, "one"), (2, 0, "one"), (3, 2, "two")):
        report(TrainingStep(number, 2 - number // 3, 0.5 / number, stage, before, batch=4))
        if number != 2:
            saved(f"oracle@{run.out / str(number)}")
    return f"oracle@{run.out / '3'}"
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_plugins", {k: {**v} for k, v in registry._plugins.items()})
    Path("counter.py").write_text(PLUGIN)
    return ["--plugin", "counter.py", "--out", "run"]


def test_each_packaged_recipe_has_its_trainer() -> None:
    assert list(TABLES["trainer"]) == recipe_names()


def test_flags_reach_the_trainer_and_steps_are_shown(
    plugin: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--steps", "9", "--every", "3", "--seed", "5", "--resume"]
    assert main(["train", "counter", *flags, *plugin]) == DONE
    out, err = capsys.readouterr()
    assert out.splitlines() == ["counter None 9 3 5 cpu True", "trained: oracle@run/3"]
    assert err.splitlines() == [
        "train one: 8",
        "step 1: loss 0.5000",
        "train two: 4",
        "step 3: loss 0.1667",
    ]


def test_a_recipe_names_its_trainer(plugin: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("model: counter\nanything: else\n")
    assert main(["train", "mine.yaml", *plugin]) == DONE
    assert "counter mine.yaml None None None cpu False" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clip-nan", "unknown trainer 'clip-nan': did you mean clip-nano"),
        ("xyz", "unknown trainer 'xyz': `mmbench list trainers` shows all"),
        ("none.yaml", "none.yaml: the file cannot be read: No such"),
        ("other.yaml", "unknown trainer 'counters': did you mean counter?"),
        ("empty.yaml", "empty.yaml: no key `model`; add `model: NAME` ("),
    ],
)
def test_names_that_are_no_trainers(
    plugin: list[str], capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    Path("other.yaml").write_text("model: counters\n")
    Path("empty.yaml").write_text("family: clip\n")
    assert main(["train", name, *plugin]) == USER
    assert message in capsys.readouterr().err
    assert not Path("run").exists()


def test_a_package_brings_a_trainer_by_an_entry_point(tmp_path: Path) -> None:
    """In a process of its own: entry points are read once."""
    site = tmp_path / "site"
    (site / "counters-1.0.dist-info").mkdir(parents=True)
    (site / "counters-1.0.dist-info/METADATA").write_text("Name: counters\nVersion: 1.0\n")
    points = "[mmbench.trainers]\npackaged-counter = counters:count\n"
    (site / "counters-1.0.dist-info/entry_points.txt").write_text(points)
    (site / "counters.py").write_text(PLUGIN)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), *sys.path])}

    def mmbench(*command: str) -> str:
        run = [sys.executable, "-m", "mmbench", *command]
        return subprocess.check_output(run, cwd=tmp_path, env=environment, text=True)

    assert ["packaged-counter", "from", "counters"] in [
        line.split() for line in mmbench("list", "trainers").splitlines()
    ]
    assert "trained: oracle@run/3" in mmbench("train", "packaged-counter", "--out", "run")


def test_what_a_trainer_refuses_or_returns_is_one_line(
    plugin: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "counter", "--seed", "13", *plugin]) == USER
    assert capsys.readouterr().err == "mmbench: error: trainer counter: no 13\n"
    assert main(["train", "counter", "--seed", "14", *plugin]) == USER
    assert "PosixPath('run/3'); return the last checkpoint as NAME@" in capsys.readouterr().err


def test_checkpoints_are_evaluated_and_a_task_that_fails_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small model of a recipe file, on a task of `--tasks`; there is no task `missing`."""
    monkeypatch.chdir(tmp_path)
    Path("tasks").mkdir()
    text = "include: shapes-retrieval\ndata: {source: shapes, images: 8}\n"
    Path("tasks/few.yaml").write_text(text + "protocol: {query: 40, corpus: 8}\n")
    layers = ", ".join(f"{part}_layers: 1" for part in ("image", "text"))
    Path("small.yaml").write_text(
        f"model: clip-nano\nfamily: clip\narchitecture: {{{layers}}}\n"
        "stages: [{name: all, objective: contrastive, steps: 2, batch: 4}]\n"
    )
    tasks = ["--eval", "missing", "--eval", "few", "--tasks", "tasks"]
    command = ["train", "small.yaml", "--out", "run", "--every", "1", *tasks, "--board", "board"]
    assert main(command) == USER
    out, err = capsys.readouterr()
    assert "trained: clip-nano@run/step-2" in out
    assert "leaderboard: board/few.md" in out
    assert err.count("unknown task 'missing'") == 2
    found = [Path(record.model.checkpoint or "").name for record in read_records("board")]
    assert sorted(found) == ["step-1", "step-2"]
    assert main([*command, "--resume"]) == DONE  # nothing is left to train, and nothing to evaluate
    assert "trained: clip-nano@run/step-2" in capsys.readouterr().out
