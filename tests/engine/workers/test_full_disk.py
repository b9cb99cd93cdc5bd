"""The disk of the driver's journal is full while workers compute: nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.workers.kills import BATCH, IN_FLIGHT
from tests.support.layouts.coco import make_coco
from tests.support.logged_model import computed

pytestmark = pytest.mark.slow


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 300 kB, and return its folder."""
    folder = tmp_path / "cache"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_run_continues_after_its_disk_was_full(
    tmp_path: Path, plugin_file: Path, cache: Path
) -> None:
    data, log = make_coco(tmp_path / "coco", 300), tmp_path / "log"
    command = [
        *(sys.executable, "-m", "mmbench", "run", "--plugin", str(plugin_file), "-m", "logged"),
        *("-t", "coco-retrieval", "--data", str(data), "--batch-size", str(BATCH)),
        *("--device", "cpu", "--workers", "2", "--cpus-per-worker", "1"),
        *("--model-arg", f"log={log}", "--model-arg", "pause=0.03", "--out", str(tmp_path / "out")),
    ]
    environment = os.environ | {"MMBENCH_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    full = run()
    assert full.returncode == 2
    assert "No space left on device; finished results are kept" in full.stderr.splitlines()[-1]
    assert shutil.disk_usage(cache).free < 8192
    before = computed(log).total()
    subprocess.run(["mount", "-o", "remount,size=100m", str(cache)], check=True)
    again = run()
    assert again.returncode == 0, again.stderr
    counts = computed(log)
    assert before < len(counts) == 900
    assert counts.total() <= len(counts) + 2 * IN_FLIGHT
