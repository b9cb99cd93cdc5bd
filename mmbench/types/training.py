"""What a trainer is asked to do, and what it reports."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class TrainingRun(Struct, frozen=True):
    """A training run as the command line asks for it. A number is None where none was typed.

    `trainer` is the name that was looked up, and `recipe` the YAML file that named it, None where
    the name itself was typed. `out` is the folder of the run. `steps` are those of all stages
    together; a checkpoint is written `every` so many. `device` is `cpu`, `cuda` or `cuda:N`.
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
    """A step that was taken: its number in the run, from 1, and its loss.

    A run of several stages names the `stage` of the step; `steps` is the length of the stage, and
    `before` the number of steps in front of it. A step sees `batch` samples.
    """

    number: int
    steps: int
    loss: float
    stage: str = ""
    before: int = 0
    batch: int = 1
