"""Groups of tasks from Python: the frame of a board, results in memory, and comparisons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import mmbench
from mmbench.errors import UserError
from tests.support.boards import TASK, coins, model_info, write_run
from tests.support.files import write_file

GROUP = "tasks:\n- shapes-retrieval\n- {task: shapes-zeroshot, weight: 3}\n"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """Return a board on which two models have both tasks of the group `mine`, and one has one."""
    write_file(tmp_path / "groups" / "mine.yaml", GROUP)
    for task, n in (("shapes-retrieval", 100), ("shapes-zeroshot", 300)):
        place = replace(TASK, name=task, fingerprint=task, data_hash=task)
        for model, share in (("base", 0.4), ("new", 0.7)):
            write_run(tmp_path / "board", f"{task}-{model}", {"recall@1": coins(n, share)},
                      task=place, model=model_info(model))  # fmt: skip
    place = replace(TASK, name="shapes-zeroshot", fingerprint="shapes-zeroshot",
                    data_hash="shapes-zeroshot")  # fmt: skip
    write_run(tmp_path / "board", "alone", {"recall@1": coins(300, 0.9)}, task=place, name="one")
    return tmp_path / "board"


def test_the_frame_has_means_and_scores(board: Path) -> None:
    found = mmbench.group("mine", out=board, tasks=[str(board.parent)])
    frame = found.scores
    assert list(frame.index) == ["new", "base", "one"]
    own = frame.loc["new"]
    expected = (own["shapes-retrieval"] + 3 * own["shapes-zeroshot"]) / 4
    assert own["mean"] == pytest.approx(expected)
    assert own["low"] < own["mean"] < own["high"]
    assert np.isnan(frame.loc["one", ["mean", "low", "by_samples", "shapes-retrieval"]]).all()
    assert found.table.rows[2].reason == "no comparable run of shapes-retrieval"
    lines = repr(found).split("\n")
    assert lines[0] == "group mine" and len(lines) <= 10 and max(map(len, lines)) <= 80
    assert "one has no mean" in repr(found)
    assert "one has no mean" in found._repr_html_()


def test_records_in_memory_have_the_same_table(board: Path) -> None:
    folders = [str(board.parent)]
    stored = mmbench.group("mine", out=board, tasks=folders)
    from mmbench.storage.records import read_records

    records = [r for task in ("shapes-zeroshot", "shapes-retrieval")
               for r in read_records(board, task)]  # fmt: skip
    found = mmbench.group("group:mine", records, tasks=folders)
    assert found.table == stored.table
    with pytest.raises(UserError, match="results in memory have no board"):
        found.compare("base", "new")


def test_models_are_compared(board: Path) -> None:
    group = mmbench.group("mine", out=board, tasks=[str(board.parent)])
    found = group.compare("base", "new")
    frame = found.scores
    assert list(frame.index) == ["shapes-retrieval", "shapes-zeroshot", "mean"]
    differences = frame["difference"]
    expected = (differences.iloc[0] + 3 * differences.iloc[1]) / 4
    assert differences["mean"] == pytest.approx(expected)
    assert frame.loc["mean", "verdict"] == found.difference.verdict == "better"
    assert "group mine: new minus base" in repr(found)


def test_an_unknown_group_is_named() -> None:
    with pytest.raises(UserError, match="did you mean nano"):
        mmbench.group("nanno")
