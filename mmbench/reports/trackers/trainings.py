"""The content of a tracker's run for a training: its settings and its losses."""

from __future__ import annotations

from typing import NamedTuple

from mmbench.reports.trackers.keys import unique_keys
from mmbench.reports.trackers.settings import LONGEST_NAME, Setting, one_line_settings
from mmbench.text import plain
from mmbench.types import TrainingRun, TrainingStep


class TrackedTraining(NamedTuple):
    """A training run as trackers show it, in the group of the evaluations of its checkpoints."""

    name: str
    group: str
    config: dict[str, Setting]


def tracked_training(run: TrainingRun) -> TrackedTraining:
    """Return the content that trackers show for a training run."""
    name = plain(f"{run.trainer}@{run.out}", LONGEST_NAME)
    settings = {
        "trainer": run.trainer,
        "out": run.out,
        "recipe": run.recipe,
        "steps": run.steps,
        "every": run.every,
        "seed": run.seed,
        "device": run.device,
        "resume": run.resume,
    }
    return TrackedTraining(name, name, one_line_settings(settings))


def loss_key(step: TrainingStep) -> str:
    """Return the key of the loss; each stage has its own, because objectives differ."""
    (key,) = unique_keys("train", [f"loss {step.stage}".rstrip()]).values()
    return key
