"""Commands other than `run`, and models of metrics, compute the same bits on workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.storage.records import read_records
from mmbench.types import RunRecord
from tests.support.boards import stored_rows
from tests.support.checkpoints.inception import inception
from tests.support.command_line import run_record
from tests.support.files import write_task
from tests.support.generated_speech import speaking_run
from tests.support.layouts.coco import make_coco
from tests.support.media.images import save_image

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("ray_address", "one_thread")]
WORKERS = ("--workers", "2", "--cpus-per-worker", "1")


@pytest.fixture
def caches(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Return a function that chooses an empty cache."""

    def choose() -> None:
        monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))

    return choose


@pytest.fixture
def compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caches: Callable[[], None]
) -> Callable[..., dict[str, Any]]:
    """Return a function that runs a command without and with workers, and compares the results.

    It returns the record of the run on workers.
    """

    def run(*command: str, code: int = 0) -> dict[str, Any]:
        caches()
        alone = run_record(capsys, *command, "--out", str(tmp_path / "alone"), code=code)
        caches()
        found = run_record(capsys, *command, *WORKERS, "--out", str(tmp_path / "out"), code=code)
        for key in ("scores", "published", "counts", "failures", "notes"):
            assert found[key] == alone[key], key
        rows = (
            stored_rows(tmp_path / folder, one["run"])
            for folder, one in zip(("alone", "out"), (alone, found), strict=True)
        )
        assert next(rows) == next(rows)
        assert found["environment"]["workers"] == 2
        return found

    return run


def test_verify(tmp_path: Path, compare: Callable[..., dict[str, Any]]) -> None:
    entry = {"task": "coco-retrieval", "scores": {"recall@1[text-to-image]": 0.5}, "source": "x"}
    recipe = write_task(
        tmp_path / "nano.yaml", adapter="clip-nano", source="a file", published=[entry]
    )
    data = make_coco(tmp_path / "coco", 12)
    found = compare("verify", "-m", recipe, "--data", str(data), "--device", "cpu", code=4)
    assert found["counts"]["computed"] == 12 + 24
    assert found["published"][0]["measured"] is not None


def test_train_with_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caches: Callable[[], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks").mkdir()
    write_task(
        tmp_path / "tasks" / "few.yaml",
        include="shapes-retrieval",
        data={"source": "shapes", "images": 8},
        protocol={"query": 40, "corpus": 8},
    )
    write_task(
        tmp_path / "small.yaml",
        model="clip-nano",
        family="clip",
        architecture={"image_layers": 1, "text_layers": 1},
        stages=[{"name": "all", "objective": "contrastive", "steps": 2, "batch": 4}],
    )

    def train(*flags: str) -> list[RunRecord]:
        caches()
        folder = f"run{len(flags)}"
        command = ("train", "small.yaml", "--out", folder, "--every", "1", "--eval", "few")
        assert main([*command, "--tasks", "tasks", "--board", f"{folder}-board", *flags]) == 0
        return read_records(f"{folder}-board")

    alone, found = train(), train(*WORKERS)
    assert [record.scores for record in found] == [record.scores for record in alone]
    assert [record.counts["computed"] for record in found] == [48, 48]
    assert {record.environment["workers"] for record in found} == {2}


def test_clipscore(tmp_path: Path, compare: Callable[..., dict[str, Any]]) -> None:
    data = make_coco(tmp_path / "coco", 12)
    task = write_task(
        tmp_path / "describe.yaml", include="coco-caption", metric="clipscore@clip-nano"
    )
    found = compare("run", "-m", "llava-nano", "-t", task, "--data", str(data), "--device", "cpu")
    assert found["scores"]["clipscore@clip-nano"]["n"] == 12


def test_the_frechet_distance_of_inception(
    tmp_path: Path, compare: Callable[..., dict[str, Any]]
) -> None:
    for folder, shade in (("drawn", 0), ("real", 5)):
        for i in range(8):
            save_image(tmp_path / folder / f"{i}.png", (20 * i + shade, 90, 200 - 9 * i))
    weights = inception(tmp_path)
    task = write_task(tmp_path / "set.yaml", include="images", metric="fid@tf")
    command = ["score", "-t", task, "--data", str(tmp_path / "real"), "--device", "cpu"]
    command += ["--predictions", str(tmp_path / "drawn"), "--inception", str(weights)]
    found = compare(*command)
    assert found["scores"]["fid@tf"]["value"] > 0


def test_rescore_with_clipscore(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    compare: Callable[..., dict[str, Any]],
) -> None:
    data, out = make_coco(tmp_path / "coco", 12), str(tmp_path / "first")
    command = ("run", "-m", "llava-nano", "-t", "coco-caption", "--data", str(data))
    record = run_record(capsys, *command, "--device", "cpu", "--out", out)
    (file,) = (tmp_path / "first" / "runs").rglob(f"{record['run']}.json")
    flags = ("--metric", "clipscore@clip-nano", "--data", str(data), "--device", "cpu")
    found = compare("rescore", str(file), *flags)
    assert found["scores"]["clipscore@clip-nano"]["n"] == 12


def test_transcripts_of_generated_speech(
    tmp_path: Path, compare: Callable[..., dict[str, Any]]
) -> None:
    pytest.importorskip("sentencepiece", reason="needs the extra `tts`")
    metric, command = speaking_run(tmp_path)
    found = compare(*command)
    assert found["scores"][metric]["value"] > 0
    assert found["counts"]["computed"] == 8  # the speech, and its transcripts


def test_a_split_batch_of_a_metric_is_noted_in_the_record(
    tmp_path: Path, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_coco(tmp_path / "coco", 12)
    lines = [json.dumps({"image_id": i, "caption": f"picture {i}"}) for i in range(12)]
    (tmp_path / "mine.jsonl").write_text("\n".join(lines))
    model = write_task(tmp_path / "deadly.yaml", adapter="logged", options={"deadly": "picture 5"})
    metric = f"clipscore@{model}"
    task = write_task(tmp_path / "describe.yaml", include="coco-caption", metric=metric)
    command = ["score", "-t", task, "--data", str(data), "--device", "cpu", "--allow-failed", "1"]
    command += ["--predictions", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path / "out")]
    found = run_record(capsys, *command, *WORKERS)
    assert found["scores"][metric]["n"] == 11
    assert any("was split because workers died" in note for note in found["notes"])


VERSION = """
import sys
import ray
ray.__version__ = "2.0.0"  # of this process, not of the cluster
from mmbench.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_another_version_of_ray_is_refused_in_one_line(ray_address: str) -> None:
    command = ["run", "-m", "clip-nano", "-t", "shapes-retrieval", "--limit", "3"]
    done = subprocess.run(
        [sys.executable, "-c", VERSION, *command, "--ray", ray_address, "--quiet"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"--ray {ray_address}: Version mismatch: The cluster was started with: Ray:" in line
    assert line.endswith("; install the same versions")
