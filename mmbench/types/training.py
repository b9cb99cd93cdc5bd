"""The arguments of trainers, and the reports that trainers send."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class TrainingRun(Struct, frozen=True):
    """The arguments of a training run from the command line.

    A number that the user did not give is None. `trainer` is the registered name of the trainer.
    `recipe` is the YAML file that names the trainer, None if the command line names it. `out` is
    the folder of the run. `steps` is the total number of steps of all stages; a checkpoint is
    written after every `every` steps. `device` is `cpu`, `cuda` or `cuda:N`.
    """

    trainer: str
    out: Path
    recipe: Path | None = None
    steps: int | None = None
    every: int | None = None
    seed: int | None = None
    device: str = "cpu"
    resume: bool = False


class TrainingStep(Struct, frozen=True):
    """A finished training step: its number in the run, from 1, and its loss.

    In a run of several stages, `stage` is the name of the current stage, `steps` its number of
    steps, and `before` the number of steps of earlier stages. `batch` is the number of samples per
    step.
    """

    number: int
    steps: int
    loss: float
    stage: str = ""
    before: int = 0
    batch: int = 1
