"""The arguments and the reports of trainers."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class TrainingRun(Struct, frozen=True):
    """A training run as given on the command line. A number that was not given is None.

    `trainer` is the name that was looked up. `recipe` is the YAML file that named it, None if the
    name itself was given. `out` is the folder of the run. `steps` counts the steps of all stages;
    a checkpoint is written after `every` so many. `device` is `cpu`, `cuda` or `cuda:N`.
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

    In a run of several stages, `stage` names the stage of the step, `steps` is its length and
    `before` the number of steps of earlier stages. `batch` is the number of samples of a step.
    """

    number: int
    steps: int
    loss: float
    stage: str = ""
    before: int = 0
    batch: int = 1
