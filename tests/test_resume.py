"""A killed run goes on where it was, and ends with the same bits."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

PLUGIN = '''
import os, signal
import mmbench
from mmbench.models.clip_nano import ClipNano

@mmbench.register("model", "mortal")
class Mortal(ClipNano):
    """clip-nano that dies in its n-th batch, by the hand of the system."""
    batches = 0

    def embed(self, items, modality, role):
        Mortal.batches += 1
        if Mortal.batches == int(os.environ.get("DIE_AT", "-1")):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(items, modality, role)
'''


def start(folder: Path, cache: str, die_at: int = -1, *more: str) -> subprocess.Popen[str]:
    plugin = folder / "mortal.py"
    plugin.write_text(PLUGIN)
    command = [
        sys.executable, "-m", "mmbench", "run", "--plugin", str(plugin), "-m", "mortal",
        "-t", "shapes-retrieval", "--limit", "60", "--batch-size", "16", "--device", "cpu",
        "--out", str(folder / "out"), "--json", *more,
    ]  # fmt: skip
    env = os.environ | {"MMBENCH_CACHE": str(folder / cache), "DIE_AT": str(die_at)}
    return subprocess.Popen(
        command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    record: dict[str, Any] = json.loads(out)[0]
    return record


def rows(folder: Path, record: dict[str, Any]) -> bytes:
    import pyarrow.parquet as pq

    table = pq.read_table(folder / f"out/runs/shapes-retrieval/{record['run']}.parquet")
    return repr(table.to_pydict()).encode()


def segments(folder: Path, cache: str) -> int:
    return sum(path.stat().st_size for path in (folder / cache).rglob("*.segment"))


def same(folder: Path, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["scores"] == other["scores"]
    assert rows(folder, one) == rows(folder, other)


def test_killed_at_several_points_and_resumed(tmp_path: Path) -> None:
    whole = finish(start(tmp_path, "whole"))
    assert whole["counts"]["computed"] == 360
    done = []
    for die_at in (1, 3, 18):
        process = start(tmp_path, "killed", die_at)
        process.communicate(timeout=300)
        assert process.returncode == -signal.SIGKILL
        done.append(segments(tmp_path, "killed"))
    assert done == sorted(done)
    assert done[0] == 0 < done[1] < done[2]
    resumed = finish(start(tmp_path, "killed"))
    assert 0 < resumed["counts"]["cached"] < 360
    assert resumed["counts"]["computed"] + resumed["counts"]["cached"] == 360
    same(tmp_path, whole, resumed)
    again = finish(start(tmp_path, "killed"))
    assert again["counts"]["computed"] == 0
    same(tmp_path, whole, again)


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path: Path) -> None:
    process = start(tmp_path, "cache", -1, "--batch-size", "1")
    deadline = time.monotonic() + 120
    while not segments(tmp_path, "cache") and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    assert finish(start(tmp_path, "cache", -1, "--batch-size", "1"))["counts"]["cached"] > 0


@pytest.mark.slow
def test_killed_from_outside_again_and_again(tmp_path: Path) -> None:
    whole = finish(start(tmp_path, "whole"))
    for attempt in range(12):
        process = start(tmp_path, "killed")
        try:
            process.communicate(timeout=1.5 + 0.25 * attempt)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    same(tmp_path, whole, finish(start(tmp_path, "killed")))


def test_several_runs_at_once_into_one_leaderboard_and_one_cache(tmp_path: Path) -> None:
    import pandas as pd

    processes = [start(tmp_path, "shared", -1, "--limit", str(n)) for n in (20, 30, 40)]
    records = [finish(process) for process in processes]
    table = pd.read_csv(tmp_path / "out/shapes-retrieval.csv")
    assert set(table["run"]) == {record["run"] for record in records}
    alone = finish(start(tmp_path, "alone", -1, "--limit", "30"))
    values = {name: score["value"] for name, score in alone["scores"].items()}
    assert values == {name: score["value"] for name, score in records[1]["scores"].items()}
