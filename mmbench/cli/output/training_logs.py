"""The logs of a training run in the reporters of `--report-to`."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from mmbench.cli.errors import report
from mmbench.cli.output.terminal import show
from mmbench.errors import UserError
from mmbench.protocols import LogsTraining, Reporter, TrainingLog
from mmbench.reports.reporters import checked_location
from mmbench.text import plain
from mmbench.types import TrainingRun, TrainingStep


class TrainingLogs:
    """The open logs of a training run.

    A log that fails is reported once and dropped; the training continues. `codes` are the exit
    codes of the failures.
    """

    def __init__(self, reporters: Mapping[str, Reporter], run: TrainingRun) -> None:
        """Open a log in each reporter that can log trainings. Raises UserError."""
        self.codes: list[int] = []
        self._logs: dict[str, TrainingLog] = {
            name: reporter.training(run)
            for name, reporter in reporters.items()
            if isinstance(reporter, LogsTraining)
        }

    def add(self, step: TrainingStep) -> None:
        """Log a step."""
        for name, log in list(self._logs.items()):
            try:
                log.add(step)
            except Exception as error:
                self._drop(name, error)

    def close(self, *, failed: bool) -> None:
        """Close the logs, and print their locations."""
        for name, log in list(self._logs.items()):
            try:
                where = checked_location(name, log.close(failed=failed))
            except Exception as error:
                self._drop(name, error)
            else:
                show([f"{plain(name)}: {plain(where, 4000)}"], sys.stdout)
        self._logs.clear()

    def _drop(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            error = UserError(f"{error}; the steps from here on are not logged")
        self.codes.append(report(error))
        del self._logs[name]
