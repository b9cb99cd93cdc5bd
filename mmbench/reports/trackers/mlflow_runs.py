"""The reporter `mlflow`: one MLflow run for each run of mmbench.

MLflow's own environment variables configure it, such as MLFLOW_TRACKING_URI and
MLFLOW_EXPERIMENT_NAME. Calls use MLflow's fluent interface, which reads them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mmbench.errors import MissingExtra, UserError
from mmbench.protocols import Rows, StoredSamples, TrainingLog
from mmbench.reports.trackers.content import TrackedRun, tracked_run
from mmbench.reports.trackers.trainings import TrackedTraining, loss_key, tracked_training
from mmbench.reports.trackers.worst_samples import SampleRows
from mmbench.text import plain
from mmbench.types import RunRecord, TrainingRun, TrainingStep
from mmbench.validation.safe_parse import encode_json

_RUN_TAG = "mmbench.run"  # identifies the MLflow run of a run
_LONGEST_MESSAGE = 500
_BATCH, _SECONDS = 500, 10.0  # losses are sent after so many, or so much time


class MlflowReporter:
    """A `mmbench.protocols.Reporter` that logs runs to MLflow."""

    def check(self) -> None:
        """Connect to the tracking server, and create the experiment if it does not exist.

        Raises UserError if mlflow is not installed, or if the server cannot be used.
        """
        mlflow = _library()
        with _one_line_errors():
            mlflow.search_runs(max_results=1, output_format="list")

    def __call__(self, record: RunRecord, rows: Rows, samples: StoredSamples | None, /) -> str:
        """Log the run and return the location of the MLflow run. Raises UserError."""
        mlflow = _library()
        content = tracked_run(record, rows, samples)
        with _one_line_errors():
            known = _stored(content)
            run_id = known.info.run_id if known else None
            tags = _tags(content)
            with mlflow.start_run(run_id, run_name=content.name, tags=tags, nested=True) as run:
                _log(content, known)
            return _location(run)

    def training(self, run: TrainingRun, /) -> TrainingLog:
        """Open an MLflow run for the losses of a training. Raises UserError."""
        with _one_line_errors():
            return _MlflowTraining(tracked_training(run))


class _MlflowTraining:
    """An MLflow run that is open during a training: a `mmbench.protocols.TrainingLog`.

    Losses are sent in batches, because every call is a request to the server.
    """

    def __init__(self, content: TrackedTraining) -> None:
        mlflow = _library()
        tags = {"mmbench.group": content.group}
        with mlflow.start_run(run_name=content.name, tags=tags, nested=True) as run:
            mlflow.log_params(content.config)
        self._run, self._client = run, mlflow.MlflowClient()
        self._client.update_run(run.info.run_id, status="RUNNING")  # until `close`
        self._losses: list[Any] = []
        self._sent = time.monotonic()

    def add(self, step: TrainingStep) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._losses.append(Metric(loss_key(step), step.loss, now, step.number))
        if len(self._losses) >= _BATCH or time.monotonic() - self._sent > _SECONDS:
            self._send()

    def close(self, *, failed: bool) -> str:
        self._send()
        with _one_line_errors():
            status = "FAILED" if failed else "FINISHED"
            self._client.set_terminated(self._run.info.run_id, status)
            return _location(self._run)

    def _send(self) -> None:
        with _one_line_errors():
            self._client.log_batch(self._run.info.run_id, metrics=self._losses)
        self._losses, self._sent = [], time.monotonic()


report = MlflowReporter()


def _library() -> Any:
    """Import and return mlflow. Raises MissingExtra."""
    try:
        import mlflow
    except ImportError as error:
        raise MissingExtra("reporter mlflow", "mlflow-skinny", "mmbench[mlflow]") from error
    return mlflow


def _stored(content: TrackedRun) -> Any | None:
    """Return the MLflow run of a run in the current experiment, None if there is none."""
    filter_string = f"tags.`{_RUN_TAG}` = '{content.id}'"
    runs = _library().search_runs(filter_string=filter_string, max_results=1, output_format="list")
    return runs[0] if runs else None


def _tags(content: TrackedRun) -> dict[str, str]:
    tags = {
        _RUN_TAG: content.id,
        "mmbench.task": content.task,
        "mmbench.model": content.model,
        "mmbench.group": content.group,
        "mlflow.note.content": content.notes,  # shown as the description of the run
    }
    return {name: text for name, text in tags.items() if text}


def _log(content: TrackedRun, known: Any | None) -> None:
    """Log the content to the active run.

    `known` is the run as it was stored earlier. Its parameters cannot be changed, and its values
    are not logged twice.
    """
    mlflow = _library()
    params = known.data.params if known else {}
    metrics = known.data.metrics if known else {}
    mlflow.log_params({key: v for key, v in content.config.items() if key not in params})
    values = {key: v for key, v in content.values.items() if metrics.get(key) != v}
    mlflow.log_metrics(values, step=content.step or 0, timestamp=content.created)
    mlflow.log_text(content.record.decode(), "record.json")
    if content.worst is not None:
        _log_table(content.worst, "worst_samples.json")


def _log_table(table: SampleRows, name: str) -> None:
    """Log a table in the form of `mlflow.log_table`, which MLflow shows as a table.

    `mlflow.log_table` itself would add the rows to those of an earlier export, and needs pandas
    (`MlflowClient.log_table` in `mlflow/tracking/client.py`, 3.17).
    """
    mlflow = _library()
    content = {"columns": table.columns, "data": table.rows}
    mlflow.log_text(encode_json(content).decode(), name)
    mlflow.set_tag("mlflow.loggedArtifacts", json.dumps([{"path": name, "type": "table"}]))


def _location(run: Any) -> str:
    uri = _without_password(_library().get_tracking_uri())
    if uri.startswith(("http://", "https://")):
        return f"{uri.rstrip('/')}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    return f"{uri}, experiment {run.info.experiment_id}, run {run.info.run_id}"


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Convert errors of MLflow and its files to a UserError of one line."""
    mlflow = _library()
    try:
        yield
    except (mlflow.MlflowException, OSError) as error:
        raise UserError(f"reporter mlflow: {_advice(error)}") from error


def _advice(error: Exception) -> str:
    """Return the message of an error without passwords; for a local store, what to type next."""
    uri = _library().get_tracking_uri()
    visible, message = plain(_without_password(uri)), str(error)
    server = "set MLFLOW_TRACKING_URI to the URL of a server"
    if uri.startswith("sqlite:") and "unsupported URI" in message:
        package = f"{visible} cannot be used without the full package"
        return f"{package}: {server}, or type pip install mlflow"
    if "MLFLOW_ALLOW_FILE_STORE" in message:
        return (
            f"MLflow does not write to the folder {visible}: set MLFLOW_ALLOW_FILE_STORE=true,"
            f" or {server}"
        )
    return plain(message.replace(uri.rstrip("/"), visible.rstrip("/")), _LONGEST_MESSAGE)
