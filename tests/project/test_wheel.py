"""The wheel in a clean environment outside the checkout: all that a user gets."""

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from mmbench import __version__
from mmbench.spec import packaged_tasks
from tests.support.paths import ROOT

_LINE = re.compile(r"\$\(call family,([\w-]+),([\w -]+)(?:,[\w ]+)?\)")
FAMILY: dict[str, list[str]] = {}
for model, tasks in _LINE.findall((ROOT / "Makefile").read_text(encoding="utf-8")):
    FAMILY.setdefault(model, []).extend(tasks.split())
"""The models that come with mmbench, each with its tasks, as `make run` has them."""
# No proxy answers, and no hub is asked.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9"),
}


def call(*command: object, cwd: Path, code: int = 0, **env: str) -> str:
    """Return what a command prints; of one that fails, its errors."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=own | env, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout


def test_make_run_has_every_packaged_model_and_names_tasks_that_exist() -> None:
    folder = ROOT / "mmbench/reference/weights"
    weights = {path.name for path in folder.iterdir() if path.is_dir()}
    assert set(FAMILY) == weights
    assert {task for tasks in FAMILY.values() for task in tasks} <= set(packaged_tasks())


@pytest.mark.slow
def test_the_wheel_runs_where_there_is_no_checkout(tmp_path: Path) -> None:
    call(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    folders = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    assert folders == {"mmbench", f"mmbench-{__version__}.dist-info"}  # and nothing of tools/
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    pip = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt"]
    call(*pip, "torch", cwd=tmp_path)
    call(*pip, wheel, cwd=tmp_path)  # no extra: what README shows first needs none
    mmbench, env = tmp_path / "venv/bin/mmbench", {"MMBENCH_CACHE": str(tmp_path / "cache")}
    assert "coco-retrieval" in call(mmbench, "list", "tasks", cwd=tmp_path, **env)
    run = [mmbench, "run", "-m", "clip-nano", "-t", "shapes-retrieval", "--limit", "100"]
    assert "recall@1[text-to-image]" in call(*run, cwd=tmp_path, **env)
    assert (tmp_path / "leaderboards/shapes-retrieval.md").is_file()
    told = call(*run, "--index", "Flat", cwd=tmp_path, code=2, **env)
    assert "--index needs faiss: pip install 'mmbench[index]'" in told
    call(*pip, f"{wheel}[index]", cwd=tmp_path)
    assert "index" in call(*run, "--index", "Flat", cwd=tmp_path, **env)
    assert "complete" in call(mmbench, "completion", "bash", cwd=tmp_path, **env)
    own = env | OFFLINE | {"MMBENCH_CACHE": str(tmp_path / "family-cache")}  # nothing is in it
    for model, tasks in FAMILY.items():
        run = [mmbench, "run", "-m", model, "--limit", "20", "--json", "--out", "family"]
        run += [word for task in tasks for word in ("-t", task)]
        records = json.loads(call(*run, cwd=tmp_path, **own))
        assert [record["task"]["name"] for record in records] == tasks
        for record in records:
            assert record["counts"]["failed"] == 0
            assert record["counts"]["computed"] > 0
            assert record["scores"][record["headline"]]["value"] is not None
    told = call(mmbench, "leaderboard", "show", "--brief", "--out", "family", cwd=tmp_path, **env)
    assert len(told.splitlines()) == 1 + sum(map(len, FAMILY.values()))
    (tmp_path / "ref.trn").write_text("the cat sat (u1)\nhello world (u2)\n")
    (tmp_path / "hyp.trn").write_text("the cat sat (u1)\nhello there world (u2)\n")
    scored = [mmbench, "score", "-t", "transcripts", "--data", "ref.trn", "--predictions"]
    told = call(*scored, "hyp.trn", cwd=tmp_path, **env)
    assert "wer[none] 0.2000" in " ".join(told.split())
    assert "pip install 'mmbench[speech]'" in told  # wer[basic] is n/a, and costs no other metric
    call(*scored, "ref.trn", cwd=tmp_path, **env)
    first, second = sorted((tmp_path / "leaderboards/runs/transcripts").glob("*.json"))
    told = call(mmbench, "compare", first, second, "--metric", "wer[none]", cwd=tmp_path, **env)
    assert "no difference" in told
    assert "ok " in call(mmbench, "selftest", "pairs", cwd=tmp_path, **env)
