"""The reporter `wandb` against the real client, offline; its files are read back."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("wandb")

from mmbench.errors import MissingExtra, UserError
from mmbench.reports.reporters import find_reporters
from mmbench.reports.trackers.weights_and_biases import report
from tests.support.tracked_runs import HOSTILE, SAFE, finished_run
from tests.support.wandb_files import offline_runs, only_run, write_offline


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_offline(tmp_path, monkeypatch)


def test_a_run_with_its_scores_settings_record_and_worst_samples() -> None:
    arguments = finished_run()
    where = report(*arguments)
    run = only_run(Path())
    assert where == f"offline; `wandb sync {run.folder}` uploads it"

    assert (run.id, run.job_type) == (arguments.record.run, "eval")
    assert run.name == "clip@runs/a/step-2000 (width=8) on t"
    assert run.group == "clip@runs/a (width=8)"
    assert run.tags == ["t", "clip"]
    assert (
        run.config.items()
        >= {
            "model": "clip",
            "checkpoint": "runs/a/step-2000",
            "checkpoint_step": 2000,
            "option/width": 8,
            "task": "t",
            "fingerprint": "f" * 8,
            "data_hash": "d" * 8,
            "seed": 0,
        }.items()
    )
    assert run.notes.splitlines() == [
        "- not comparable with the protocol: 4 of 10 samples",
        "- fid has no value: too few images",
        "- s3 failed: broken \\*file\\*",
    ]

    (row,) = run.history
    scores = {key: value for key, value in row.items() if key.startswith("t/recall")}
    assert scores == {
        "t/recall_at_1_text_to_image": 0.625,
        "t/recall_at_1_text_to_image_low": 0.25,
        "t/recall_at_1_text_to_image_high": 0.875,
    }
    assert not [key for key in row if "fid" in key]
    assert row["_step"] == 2000
    assert run.summary["t/recall_at_1_text_to_image"] == 0.625
    costs = {key: value for key, value in row.items() if key.startswith("run/")}
    assert costs == {
        "run/samples": 4,
        "run/failed": 1,
        "run/requests": 4,
        "run/computed": 3,
        "run/cached": 1,
        "run/seconds": 2,
        "run/seconds_load": 1.5,
        "run/seconds_measure": 0.5,
        "run/image_per_second": 12.5,
        "run/tokens_all_prompt": 7,
        "run/cost_computed": 0.25,
    }
    assert run.artifacts[f"mmbench-record:{run.id}"] == ["record.json"]

    table = run.table("t/worst_samples")
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [row["id"] for row in rows] == ["s1", "s0", "s2", "s3"]
    assert rows[0]["answer"] == SAFE
    assert rows[0]["score recall@1[text-to-image]"] == 0
    assert rows[0]["references"] == "yes"
    assert len(rows[0]["input question"]) == 1000
    assert rows[3]["error"] == "broken *file*"
    assert HOSTILE not in json.dumps(table, ensure_ascii=False)


def test_checkpoints_share_a_group_and_have_their_steps() -> None:
    for step in (500, 1000):
        report(*finished_run(f"r{step}", step))
    runs = offline_runs(Path())
    assert {run.group for run in runs.values()} == {"clip@runs/a (width=8)"}
    assert {name: run.history[0]["_step"] for name, run in runs.items()} == {
        "r500": 500,
        "r1000": 1000,
    }


def test_settings_of_the_environment_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_RUN_GROUP", "mine")
    monkeypatch.setenv("WANDB_JOB_TYPE", "nightly")
    monkeypatch.setenv("WANDB_TAGS", "a,b")
    report(*finished_run())
    run = only_run(Path())
    assert (run.group, run.job_type, run.tags) == ("mine", "nightly", ["t", "clip", "a", "b"])


def test_a_run_without_rows_has_no_table() -> None:
    report(finished_run().record, {}, None)
    run = only_run(Path())
    assert "t/recall_at_1_text_to_image" in run.history[0]
    assert not [key for key in run.history[0] if "worst" in key]


def test_a_program_keeps_its_own_run() -> None:
    """The run of a training script, in whose process mmbench evaluates."""
    import wandb

    with wandb.init(id="training") as own:
        own.log({"loss": 1.0})
        report(*finished_run())
        own.log({"loss": 0.5})
        assert wandb.run is own
    runs = offline_runs(Path())
    assert [row["loss"] for row in runs["training"].history] == [1.0, 0.5]
    assert runs[finished_run().record.run].job_type == "eval"


def test_nothing_is_logged_if_wandb_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert "disabled" in report(*finished_run())
    assert offline_runs(Path()) == {}


def test_a_missing_key_is_found_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(UserError, match=r"reporter wandb: No API key configured. .*wandb login"):
        find_reporters(["wandb"])


def test_offline_needs_no_key() -> None:
    assert list(find_reporters(["wandb"])) == ["wandb"]


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtra, match=r"needs wandb: pip install 'mmbench\[wandb\]'"):
        find_reporters(["wandb"])
