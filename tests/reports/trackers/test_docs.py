"""The commands of docs/trackers.md print what it shows, and it lists what is logged."""

import re
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("wandb")
pytest.importorskip("mlflow")

from tests.support.documents import Block, console_steps, fenced_blocks, output_matches
from tests.support.mlflow_store import stored_runs, use_folder
from tests.support.paths import ROOT
from tests.support.terminal import run_on_terminal
from tests.support.wandb_files import only_run, write_offline

PAGE = ROOT / "docs/trackers.md"
# The folder of an offline run, and the id of an MLflow run.
NAMES = re.compile(r"offline-run-[\w-]+|\brun [0-9a-f]{32}")


def masked(text: str) -> str:
    return NAMES.sub("NAME", text)


@pytest.mark.slow
def test_the_commands_print_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_offline(tmp_path, monkeypatch)
    use_folder(tmp_path, monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:mlruns")
    blocks = [Block("console", b.text.partition("\n")[2]) for b in fenced_blocks(PAGE)]
    steps = [step for block in blocks if "$ mmbench" in block.text for step in console_steps(block)]
    commands = [step for step in steps if step.command.startswith("mmbench")]
    assert len(commands) == 2
    for step in (step for step in steps if step.command.startswith("cat > ")):
        subprocess.run(step.command, shell=True, check=True)
    for step in commands:
        code, printed = run_on_terminal(200, step.command.split()[1:], ["stdout"])
        assert code == 0, printed
        assert output_matches(masked(step.output), masked(printed), exact=False), printed


@pytest.mark.slow
def test_the_keys_of_the_page_are_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the run of a retrieval task in both trackers."""
    from mmbench.cli import main

    write_offline(tmp_path, monkeypatch)
    use_folder(tmp_path, monkeypatch)
    task = ["-t", "shapes-retrieval", "--limit", "12", "--out", str(tmp_path / "board")]
    assert main(["run", "-m", "random", *task, "--report-to", "wandb,mlflow"]) == 0
    keys = set(re.findall(r"`(shapes_retrieval/\w+|run/\w+)`", PAGE.read_text()))
    keys -= {"run/image_per_second"}  # baselines have no speed
    assert len(keys) >= 5
    (mlflow_run,) = stored_runs()
    assert keys <= mlflow_run.data.metrics.keys()
    assert keys <= only_run(tmp_path).history[0].keys()
