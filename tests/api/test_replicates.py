"""`mmbench.compare(…, replicates=KEY)` against the comparison of the package."""

from pathlib import Path

import pytest

import mmbench
from mmbench.comparison.replicates.comparison import compare_replicates
from mmbench.errors import UserError
from mmbench.storage.run_patterns import find_matching_runs
from tests.support.boards import coins, model_info, write_run


@pytest.fixture
def board(tmp_path: Path) -> Path:
    for at, (name, seed) in enumerate([("a", 0), ("a", 1), ("b", 0), ("b", 1), ("b", 2)]):
        values = coins(60, 0.3 if name == "a" else 0.6, seed=at)
        model = model_info("m", hash=f"r{at}", checkpoint=f"{name}/seed-{seed}")
        write_run(tmp_path, f"r{at}", {"em": values}, model=model)
    return tmp_path


def test_methods_are_patterns_or_lists_of_runs(board: Path) -> None:
    found = mmbench.compare("m@a/*", "m@b/*", out=board, replicates="seed-*")
    runs = [run for one in ("m@a/*", "m@b/*") for run in find_matching_runs(one, board)]
    assert found.comparison == compare_replicates(runs, "seed-*")
    listed = mmbench.compare(["r0", "r1"], ["r2", "r3", "r4"], out=board, replicates="seed-*")
    assert listed.comparison == found.comparison
    records = mmbench.compare(runs[0].record, "m@b/*", out=board, replicates="seed-*")
    assert "has one run" in records.comparison.differences[0].reason


def test_frames_and_display(board: Path) -> None:
    found = mmbench.compare("m@a/*", "m@b/*", out=board, replicates="seed-*")
    assert list(found.scores["method"]) == ["m@a/seed-*", "m@b/seed-*"]
    (difference,) = found.differences.to_dict("records")
    assert difference["low"] == found.comparison.differences[0].low
    assert "m@b/seed-*" in repr(found) and difference["verdict"] in repr(found)


def test_lists_without_a_key_are_refused(board: Path) -> None:
    with pytest.raises(UserError, match="need replicates=KEY"):
        mmbench.compare("r0", "r1", out=board, paired=True)
