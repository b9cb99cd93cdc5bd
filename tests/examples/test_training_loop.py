"""The example of a training loop, run as a script and cell by cell."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from mmbench.storage import records as store
from tests.support.paths import ROOT
from tests.support.processes import run_process

EXAMPLE = ROOT / "examples/training_loop.py"


@pytest.mark.slow
def test_each_epoch_has_its_own_scores(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

    env = {"PYTHONPATH": str(ROOT), "MMBENCH_CACHE": str(tmp_path / "cache")}
    shown = run_process(sys.executable, str(EXAMPLE), cwd=tmp_path, **env)
    printed = [float(one) for one in re.findall(r"epoch \d: accuracy (\S+)", shown)]
    records = store.read_records(tmp_path / "runs/colours", "labels")
    assert [record.model.checkpoint for record in records] == [f"epoch-{n}" for n in range(4)]
    assert len({record.model.hash for record in records}) == 4
    values = [record.scores["accuracy@1"].value for record in records]
    assert printed == pytest.approx(values, abs=5e-4)
    assert values[0] is not None and values[-1] is not None and values[-1] > values[0] + 0.3
    assert re.search(r"accuracy@1 .* better", shown)
    assert (tmp_path / "runs/colours/history.png").stat().st_size > 1000


def test_it_is_a_notebook() -> None:
    cells = re.findall(r"^# %% (.+)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(cells) >= 5
