"""The checkpoint of a run, and the training step in its name."""

from __future__ import annotations

import re
from typing import NamedTuple

from mmbench.types import OUTPUTS, RunRecord

_WORD = r"(?:global[-_]?)?step|checkpoint|ckpt|epoch|iteration|iter"
_STEP = re.compile(rf"(?:^|[-_.])(?:{_WORD})[-_=]?(\d+)(?=$|[-_.])", re.IGNORECASE)


class CheckpointStep(NamedTuple):
    """The training run and the training step of a checkpoint.

    The step is None if the name of the checkpoint contains no step.
    """

    training: str
    step: int | None


def checkpoint_step(checkpoint: str) -> CheckpointStep:
    """Return the training run and the step of a checkpoint: `runs/a/step-2000` → `runs/a`, 2000.

    The step is read from the last part of the path that contains a step. If this part contains
    several numbers, as in `epoch=3-step=2000.ckpt`, the last number is the step.
    """
    parts = checkpoint.rstrip("/").split("/")
    for at in range(len(parts) - 1, -1, -1):
        matches = list(_STEP.finditer(parts[at]))
        if matches:
            start = parts[at][: matches[0].start()]
            training = [*parts[:at], *([start] if start else []), *parts[at + 1 :]]
            return CheckpointStep("/".join(training), int(matches[-1].group(1)))
    return CheckpointStep(checkpoint.rstrip("/"), None)


def name_and_checkpoint(record: RunRecord) -> tuple[str, str]:
    """Return the name of a model and its checkpoint, "" if it has none.

    Records of scored outputs have both in the name of the model.
    """
    model = record.model
    if model.adapter != OUTPUTS:
        return model.name, model.checkpoint or ""
    name, _, checkpoint = model.name.partition("@")
    return (name, checkpoint) if name else (model.name, "")
