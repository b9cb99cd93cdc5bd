"""A killed run goes on where it was, and ends with the same bits."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.boards import board_rows, stored_rows
from tests.support.processes import Fork, Forks, forks

PLUGIN = '''
import os, signal
import mmbench
from mmbench.reference.adapters.clip import ClipNano

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


RUN = """
import sys
from mmbench.cli import main
sys.exit(main(args))
"""
TASK = ["-t", "shapes-retrieval", "--device", "cpu"]


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    folder = tmp_path_factory.mktemp("processes")
    first = ["run", "-m", "clip-nano", *TASK, "--limit", "4", "--out", str(folder), "--quiet"]
    with forks(f"from mmbench.cli import main; main({[*first, '--json']})", folder) as running:
        yield running


def start(processes: Forks, folder: Path, cache: str, die_at: int = -1, *more: str) -> Fork:
    plugin = folder / "mortal.py"
    if not plugin.exists():  # another process may be reading it
        plugin.write_text(PLUGIN)
    command = [
        "run", "--plugin", str(plugin), "-m", "mortal", *TASK, "--limit", "30",
        "--batch-size", "16", "--out", str(folder / "out"), "--json", *more,
    ]  # fmt: skip
    return processes.start(RUN, *command, MMBENCH_CACHE=str(folder / cache), DIE_AT=str(die_at))


def finish(process: Fork) -> dict[str, Any]:
    ended = process.wait()
    assert ended.code == 0, ended.err
    record: dict[str, Any] = json.loads(ended.out)[0]
    return record


def rows(folder: Path, record: dict[str, Any]) -> bytes:
    return repr(stored_rows(folder / "out", record["run"])).encode()


def segments(folder: Path, cache: str) -> int:
    return sum(path.stat().st_size for path in (folder / cache).rglob("*.segment"))


def same(folder: Path, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["scores"] == other["scores"]
    assert rows(folder, one) == rows(folder, other)


def test_killed_and_resumed(tmp_path: Path, processes: Forks) -> None:
    whole = finish(start(processes, tmp_path, "whole"))
    assert whole["counts"]["computed"] == 180
    process = start(processes, tmp_path, "killed", 9)
    assert process.wait().code == -signal.SIGKILL
    assert segments(tmp_path, "killed") > 0
    resumed = finish(start(processes, tmp_path, "killed"))
    assert 0 < resumed["counts"]["cached"] < 180
    assert resumed["counts"]["computed"] + resumed["counts"]["cached"] == 180
    same(tmp_path, whole, resumed)
    again = finish(start(processes, tmp_path, "killed"))
    assert again["counts"]["computed"] == 0
    same(tmp_path, whole, again)


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        ([], "run the same command again to continue"),
        pytest.param(
            ["--fresh"],
            "run the same command again, without --fresh, to continue",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(
    tmp_path: Path, processes: Forks, more: list[str], advice: str
) -> None:
    process = start(processes, tmp_path, "cache", -1, "--batch-size", "1", *more)
    deadline = time.monotonic() + 120
    while not segments(tmp_path, "cache") and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    ended = process.wait()
    assert ended.code == 130
    assert advice in ended.err
    assert "Traceback" not in ended.err
    assert (
        finish(start(processes, tmp_path, "cache", -1, "--batch-size", "1"))["counts"]["cached"] > 0
    )


@pytest.mark.slow
def test_killed_from_outside_again_and_again(tmp_path: Path, processes: Forks) -> None:
    whole = finish(start(processes, tmp_path, "whole"))
    for attempt in range(12):
        process = start(processes, tmp_path, "killed")
        time.sleep(0.1 + 0.1 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
    same(tmp_path, whole, finish(start(processes, tmp_path, "killed")))


@pytest.mark.slow
def test_several_runs_at_once_into_one_leaderboard_and_one_cache(
    tmp_path: Path, processes: Forks
) -> None:
    started = [start(processes, tmp_path, "shared", -1, "--limit", str(n)) for n in (20, 30, 40)]
    records = [finish(process) for process in started]
    table = board_rows(tmp_path / "out/shapes-retrieval.csv")
    assert {row["run"] for row in table} == {record["run"] for record in records}
    alone = finish(start(processes, tmp_path, "alone", -1, "--limit", "30"))
    values = {name: score["value"] for name, score in alone["scores"].items()}
    assert values == {name: score["value"] for name, score in records[1]["scores"].items()}
