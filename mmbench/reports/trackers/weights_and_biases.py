"""The reporter `wandb`: one run of Weights & Biases for each run of mmbench.

W&B's own environment variables configure it, such as WANDB_MODE, WANDB_PROJECT, WANDB_ENTITY and
WANDB_DIR. The client starts a process that uploads the data; it ends with mmbench.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmbench.errors import MissingExtra, UserError
from mmbench.protocols import Rows, StoredSamples, TrainingLog
from mmbench.reports.trackers.content import TrackedRun, tracked_run
from mmbench.reports.trackers.settings import Setting
from mmbench.reports.trackers.trainings import TrackedTraining, loss_key, tracked_training
from mmbench.text import plain
from mmbench.types import RunRecord, TrainingRun, TrainingStep

_ARTIFACT = "mmbench-record"  # the type of the artifact that holds the record
_LONGEST_MESSAGE = 500


class WandbReporter:
    """A `mmbench.protocols.Reporter` that logs runs to Weights & Biases."""

    def check(self) -> None:
        """Log in to the server. In a terminal, W&B asks for a missing key.

        Raises UserError if wandb is not installed, or if the server cannot be used.
        """
        wandb = _library()
        with _one_line_errors():
            if wandb.setup().settings.mode in ("online", "run"):
                wandb.login(verify=True)

    def __call__(self, record: RunRecord, rows: Rows, samples: StoredSamples | None, /) -> str:
        """Log the run and return its URL, or its folder if W&B is offline. Raises UserError."""
        content = tracked_run(record, rows, samples)
        with _one_line_errors(), _finished(_started(content)) as run:
            if not run.resumed or run.step <= (content.step or 0):
                run.log(content.values | _table(content), step=content.step or 0)
            run.log_artifact(_record_artifact(content))
            return _location(run)

    def training(self, run: TrainingRun, /) -> TrainingLog:
        """Open a run of W&B for the losses of a training. Raises UserError."""
        with _one_line_errors():
            return _WandbTraining(tracked_training(run))


class _WandbTraining:
    """A run of W&B that is open during a training: a `mmbench.protocols.TrainingLog`."""

    def __init__(self, content: TrackedTraining) -> None:
        self._run = _init("train", content.name, content.group, content.config)

    def add(self, step: TrainingStep) -> None:
        with _one_line_errors():
            self._run.log({loss_key(step): step.loss}, step=step.number)

    def close(self, *, failed: bool) -> str:
        with _one_line_errors():
            where = _location(self._run)
            self._run.finish(exit_code=int(failed))
            return where


report = WandbReporter()


def _library() -> Any:
    """Import and return wandb. Raises MissingExtra."""
    try:
        import wandb
    except ImportError as error:
        raise MissingExtra("reporter wandb", "wandb", "mmbench[wandb]") from error
    return wandb


def _started(content: TrackedRun) -> Any:
    """Start a run of W&B for an evaluation, or resume the run with the same id."""
    return _init(
        "eval",
        content.name,
        content.group,
        content.config,
        id=content.id,
        resume="allow",
        allow_val_change=True,
        tags=[*content.tags, *(_library().setup().settings.run_tags or ())],
        notes=content.notes,
    )


@contextmanager
def _finished(run: Any) -> Iterator[Any]:
    """Finish a run of W&B after the `with` block, as failed if the block raises an exception.

    The context manager of the run itself would print the traceback of the exception.
    """
    try:
        yield run
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()


def _init(
    job_type: str, name: str, group: str, config: dict[str, Setting], **others: object
) -> Any:
    """Start a run of W&B; the group and the job type of the environment take precedence."""
    wandb = _library()
    settings = wandb.setup().settings
    return wandb.init(
        job_type=settings.run_job_type or job_type,
        name=name,
        group=settings.run_group or group,
        config=config,
        reinit="create_new",  # leaves a run of the calling program alone
        settings=wandb.Settings(console="off", quiet=True, x_disable_stats=True),
        **others,
    )


def _table(content: TrackedRun) -> dict[str, Any]:
    """Return the table of the worst samples under its key; {} if there is none."""
    if content.worst is None:
        return {}
    columns, rows = content.worst
    return {content.worst_key: _library().Table(columns=columns, data=rows)}


def _record_artifact(content: TrackedRun) -> Any:
    artifact = _library().Artifact(content.id, type=_ARTIFACT)
    with artifact.new_file("record.json", mode="wb") as file:
        file.write(content.record)
    return artifact


def _location(run: Any) -> str:
    if run.disabled:
        return "nothing was logged, because W&B is disabled"
    if not run.offline:
        return str(run.url)
    folder, here = Path(run.dir).parent, Path.cwd()
    folder = folder.relative_to(here) if folder.is_relative_to(here) else folder
    return f"offline; `wandb sync {shlex.quote(str(folder))}` uploads it"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Convert errors of wandb, its settings and files to a UserError of one line."""
    wandb = _library()
    try:
        yield
    except (wandb.Error, OSError, ValueError) as error:
        raise UserError(f"reporter wandb: {plain(str(error), _LONGEST_MESSAGE)}") from error
