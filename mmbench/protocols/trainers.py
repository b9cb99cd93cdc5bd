"""The interface of trainers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mmbench.types import TrainingRun, TrainingStep


class Trainer(Protocol):
    """A function that trains a model: `mmbench train NAME` calls the one registered under NAME.

    A YAML file in the place of the name is a recipe; the trainer's name is its key `model`. What
    else a recipe holds is the trainer's own.
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

        `report` gets each step, and `saved` each checkpoint, likewise `NAME@PATH`, as soon as it
        can be loaded. With `run.resume` a run that was killed goes on. Raises UserError for a
        folder that holds another run, and for a value of `run` that it cannot use.
        """
        ...
