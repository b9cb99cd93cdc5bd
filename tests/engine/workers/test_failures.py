"""Workers and drivers die, models raise errors: nothing is lost, and no number changes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench import registry
from mmbench.engine.workers.executor import RayExecutor
from mmbench.engine.workers.scheduling import crew
from mmbench.errors import UserError
from tests.engine.workers.conftest import Outcome
from tests.engine.workers.kills import random_kills
from tests.support.layouts.coco import make_coco

Compute = Callable[..., Outcome]
Workers = Callable[[int], RayExecutor]
TASK = "coco-retrieval"
QUITTER = """
import sys
import mmbench

@mmbench.register("model", "quitter")
class Quitter:
    modalities = frozenset({"text", "image"})
    version = 1

    def __init__(self, folder, *, device, dtype):
        print("to stdout")

    def embed(self, items, modality, role):
        print("to stdout")
        sys.exit("enough")
"""
pytestmark = [pytest.mark.usefixtures("plugin"), pytest.mark.slow]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_coco(tmp_path / "coco", 12)


def equal(one: Outcome, other: Outcome) -> bool:
    return one.rows.equals(other.rows) and one.record.scores == other.record.scores


def test_a_killed_worker_changes_no_bit(
    tmp_path: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    expected = outcome("logged", TASK, None, data=data)
    pids = tmp_path / "pids"
    options = {"pids": str(pids), "pause": 0.8}
    with random_kills(pids, 1.0, most=2) as killed:
        found = outcome("logged", TASK, workers(2), data=data, model_options=options)
    assert killed
    assert equal(found, expected)
    assert found.record.counts == expected.record.counts


def test_a_model_that_raises_on_one_worker_is_computed_on_another(
    tmp_path: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    expected = outcome("logged", TASK, None, data=data)
    options = {"broken": str(tmp_path / "flag")}
    found = outcome("logged", TASK, workers(2), data=data, model_options=options)
    assert (tmp_path / "flag").exists()
    assert equal(found, expected)


@pytest.mark.slow
def test_a_deadly_sample_fails_alone(
    tmp_path: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    deadly = "picture 5"
    found = outcome("logged", TASK, workers(2), data=data, model_options={"deadly": deadly})
    assert [why for _, why in found.record.failures] == [
        "2 workers died while they computed this sample alone"
    ]
    assert any("was split because workers died" in note for note in found.record.notes)
    assert found.record.counts["failed"] == 1


def test_quick_batches_in_one_call_survive_deaths_and_errors(
    tmp_path: Path, workers: Workers, outcome: Compute
) -> None:
    data = make_coco(tmp_path / "many", 400)
    expected = outcome("logged", TASK, None, data=data, batch_size=2)
    pids, options = tmp_path / "pids", {"broken": str(tmp_path / "flag")}
    options |= {"pids": str(pids), "pause": 0.005}
    with random_kills(pids, 1.5, most=2) as killed:
        found = outcome("logged", TASK, workers(2), data=data, batch_size=2, model_options=options)
    assert killed
    assert (tmp_path / "flag").exists()
    assert equal(found, expected)
    assert found.record.counts == expected.record.counts


def test_a_deadly_sample_among_quick_batches_fails_alone(
    tmp_path: Path, workers: Workers, outcome: Compute
) -> None:
    data = make_coco(tmp_path / "many", 200)
    deadly = {"deadly": "picture 155"}
    found = outcome("logged", TASK, workers(2), data=data, batch_size=2, model_options=deadly)
    assert {why for _, why in found.record.failures} == {
        "2 workers died while they computed this sample alone"
    }
    assert found.record.counts["failed"] == 1


def test_an_error_on_every_worker_ends_the_run_with_the_place_in_the_plugin(
    plugin: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    options = {"pause": "not a number"}
    with pytest.raises(UserError, match=r"worker \d on .*logged_model.py, line \d+, in embed"):
        outcome("logged", TASK, workers(2), data=data, model_options=options)


def test_a_plugin_that_calls_sys_exit_ends_the_run_in_one_line(
    tmp_path: Path, own_plugins: None, data: Path, workers: Workers, outcome: Compute
) -> None:
    file = tmp_path / "quitter.py"
    file.write_text(QUITTER)
    registry.load_plugin(str(file))
    with pytest.raises(UserError, match=r"the plugin called sys.exit\('enough'\)"):
        outcome("quitter", TASK, workers(2), data=data)


def test_workers_that_die_on_all_batches_end_the_run(
    data: Path, workers: Workers, outcome: Compute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_MOST_DEATHS", 6)
    with pytest.raises(UserError, match="6 workers died in a row without an output"):
        outcome("logged", TASK, workers(2), data=data, model_options={"deadly": " "})


def test_the_batches_of_a_stopped_worker_are_computed_by_another(
    tmp_path: Path,
    data: Path,
    workers: Workers,
    outcome: Compute,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "_SILENCE", 4.0)
    monkeypatch.setattr(crew, "_MOST_SILENCE", 12.0)
    expected = outcome("logged", TASK, None, data=data)
    options = {"pids": str(tmp_path / "pids"), "pause": 1.0}
    with random_kills(tmp_path / "pids", 1.0, most=1, number=signal.SIGSTOP) as stopped:
        found = outcome("logged", TASK, workers(2), data=data, model_options=options)
    assert stopped
    assert equal(found, expected)
