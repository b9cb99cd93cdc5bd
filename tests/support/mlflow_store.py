"""MLflow without a server: a store in a folder."""

from pathlib import Path
from typing import Any

import pytest


def use_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let MLflow keep its runs in a folder; return the URI of the store."""
    uri = (folder / "mlruns").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    return uri


def stored_runs(experiment: str = "Default") -> list[Any]:
    """Return the runs of an experiment as MLflow's own client reads them."""
    from mlflow import MlflowClient

    client = MlflowClient()
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id])) if found else []
