"""The interface of trainers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mmbench.types import TrainingRun, TrainingStep


class Trainer(Protocol):
    """A function that trains a model: `mmbench train NAME` calls the one registered under NAME.

    A YAML file in place of the name is a recipe; its key `model` names the trainer. The other keys
    are up to the trainer.
    """

    def __call__(
        self,
        run: TrainingRun,
        /,
        *,
        report: Callable[[TrainingStep], None],
        saved: Callable[[str], None],
    ) -> str:
        """Train into the folder `run.out` and return the last checkpoint, `NAME@PATH` as in `-m`.

        `report` gets each step, and `saved` each checkpoint (`NAME@PATH`) as soon as it can be
        loaded. With `run.resume` an interrupted run continues. Raises UserError for a folder with
        another run, and for an unusable value of `run`.
        """
        ...
