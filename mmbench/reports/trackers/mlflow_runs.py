"""The reporter `mlflow`: one MLflow run for each run of mmbench.

MLflow's own environment variables configure it, such as MLFLOW_TRACKING_URI and
MLFLOW_EXPERIMENT_NAME. Calls use MLflow's fluent interface, which reads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mmbench.errors import MissingExtra, UserError
from mmbench.protocols import Rows, StoredSamples
from mmbench.reports.trackers.content import TrackedRun, tracked_run
from mmbench.reports.trackers.worst_samples import SampleRows
from mmbench.text import plain
from mmbench.types import RunRecord
from mmbench.validation.safe_parse import encode_json

_RUN_TAG = "mmbench.run"  # identifies the MLflow run of a run
_LONGEST_MESSAGE = 500


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
    """Return the message of an error; for a local store, what to type next."""
    uri = _library().get_tracking_uri()
    scheme = urlsplit(uri).scheme
    server = "set MLFLOW_TRACKING_URI to the URL of a server"
    if scheme == "sqlite" and "unsupported URI" in str(error):
        return (
            f"{plain(uri)} cannot be used without the full package: {server}, or type"
            " pip install mlflow"
        )
    if "MLFLOW_ALLOW_FILE_STORE" in str(error):
        return (
            f"MLflow does not write to the folder {plain(uri)}: set MLFLOW_ALLOW_FILE_STORE=true,"
            f" or {server}"
        )
    return plain(str(error), _LONGEST_MESSAGE)
