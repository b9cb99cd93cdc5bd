"""The interface of trainers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mmbench.types import TrainingRun, TrainingStep


class Trainer(Protocol):
    """A function that trains a model: `mmbench train NAME` calls the trainer registered as NAME.

    In place of NAME, the user may give a recipe, a YAML file: the key `model` of the recipe is the
    name of the trainer, and the trainer defines the other keys.
    """

    def __call__(
        self,
        run: TrainingRun,
        /,
        *,
        report: Callable[[TrainingStep], None],
        saved: Callable[[str], None],
    ) -> str:
        """Train into the folder `run.out` and return the last checkpoint as `NAME@PATH` (see `-m`).

        Call `report` after each step, and `saved` with each checkpoint (`NAME@PATH`) as soon as it
        can be loaded. If `run.resume` is true, continue an interrupted run. Raises UserError if the
        folder holds another run, and for an unusable value of `run`.
        """
        ...
