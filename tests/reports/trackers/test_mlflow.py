"""The reporter `mlflow` against the real client, on a folder; its own client reads it back."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("mlflow")

from mmbench.errors import MissingExtra, UserError
from mmbench.reports.reporters import find_reporters
from mmbench.reports.trackers.mlflow_runs import report
from mmbench.storage.records import encode
from tests.support.mlflow_store import stored_runs, use_folder
from tests.support.tracked_runs import SAFE, finished_run


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return use_folder(tmp_path, monkeypatch)


def test_a_run_with_its_scores_settings_record_and_worst_samples(store: str) -> None:
    import mlflow

    arguments = finished_run()
    where = report(*arguments)
    (run,) = stored_runs()
    assert where == f"{store}, experiment {run.info.experiment_id}, run {run.info.run_id}"
    assert (run.info.run_name, run.info.status) == (
        "clip@runs/a/step-2000 (width=8) on t",
        "FINISHED",
    )
    tags = {key: value for key, value in run.data.tags.items() if key.startswith("mmbench.")}
    assert tags == {
        "mmbench.run": arguments.record.run,
        "mmbench.task": "t",
        "mmbench.model": "clip",
        "mmbench.group": "clip@runs/a (width=8)",
    }
    assert "- fid has no value: too few images" in run.data.tags["mlflow.note.content"]
    assert run.data.params["checkpoint"] == "runs/a/step-2000"
    assert run.data.params["option/width"] == "8"
    scores = {key: value for key, value in run.data.metrics.items() if key.startswith("t/")}
    assert scores == {
        "t/recall_at_1_text_to_image": 0.625,
        "t/recall_at_1_text_to_image_low": 0.25,
        "t/recall_at_1_text_to_image_high": 0.875,
    }
    client = mlflow.MlflowClient()
    (point,) = client.get_metric_history(run.info.run_id, "t/recall_at_1_text_to_image")
    assert (point.step, point.timestamp) == (2000, 1767225600027)
    record = client.download_artifacts(run.info.run_id, "record.json", str(Path.cwd()))
    assert Path(record).read_bytes() == encode(arguments.record) + b"\n"

    table = mlflow.load_table("worst_samples.json", run_ids=[run.info.run_id])
    assert table["id"].tolist() == ["s1", "s0", "s2", "s3"]
    assert table["answer"][0] == SAFE
    assert table["score recall@1[text-to-image]"][0] == 0


def test_a_second_export_updates_the_run() -> None:
    import mlflow

    for _ in range(2):
        report(*finished_run())
    (run,) = stored_runs()
    history = mlflow.MlflowClient().get_metric_history(
        run.info.run_id, "t/recall_at_1_text_to_image"
    )
    assert len(history) == 1
    assert len(mlflow.load_table("worst_samples.json", run_ids=[run.info.run_id])) == 4


@pytest.mark.parametrize("ident", ["it's", "a/b", "x`y", "é"])
def test_a_run_of_another_program_may_have_any_id(ident: str) -> None:
    for _ in range(2):
        report(*finished_run(ident))
    (run,) = stored_runs()
    assert run.data.params["run"] == ident


def test_the_experiment_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "nightly")
    find_reporters(["mlflow"])
    report(*finished_run())
    assert len(stored_runs("nightly")) == 1
    assert stored_runs() == []


def test_a_program_keeps_its_own_run() -> None:
    import mlflow

    with mlflow.start_run() as own:
        report(*finished_run())
        mlflow.log_metric("loss", 0.5)
    runs = {run.info.run_id: run for run in stored_runs()}
    assert runs.pop(own.info.run_id).data.metrics == {"loss": 0.5}
    (run,) = runs.values()
    assert run.data.tags["mlflow.parentRunId"] == own.info.run_id


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("file:elsewhere", r"file:elsewhere: set MLFLOW_ALLOW_FILE_STORE=true, or set MLFLOW_TR"),
        ("sqlite:///x.db", r"without the full package: set MLFLOW_TRACKING_URI .* pip install mlf"),
        ("http://127.0.0.1:9", r"reporter mlflow: API request to http://127.0.0.1:9/api"),
        ("http://me:secret@127.0.0.1:9/", r"mlflow: API request to http://127.0.0.1:9/api"),
    ],
)
def test_a_store_that_cannot_be_used_is_found_before_the_run(
    uri: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "false")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(UserError, match=message) as caught:
        find_reporters(["mlflow"])
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra, match=r"mlflow-skinny: pip install 'mmbench\[mlflow\]'"):
        find_reporters(["mlflow"])
