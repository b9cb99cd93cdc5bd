"""The training step in the name of a checkpoint."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = r"(?:global[-_]?)?step|checkpoint|ckpt|epoch|iteration|iter"
_STEP = re.compile(rf"(?:^|[-_.])(?:{_WORD})[-_=]?(\d+)(?=$|[-_.])", re.IGNORECASE)


class CheckpointStep(NamedTuple):
    """The training run of a checkpoint, and its step, None where its name has none."""

    training: str
    step: int | None


def checkpoint_step(checkpoint: str) -> CheckpointStep:
    """Return training run and step: `runs/a/step-2000` is step 2000 of `runs/a`.

    The last part of the path with a step counts, and in `epoch=3-step=2000.ckpt` the last number.
    """
    parts = checkpoint.rstrip("/").split("/")
    for at in range(len(parts) - 1, -1, -1):
        matches = list(_STEP.finditer(parts[at]))
        if matches:
            start = parts[at][: matches[0].start()]
            training = [*parts[:at], *([start] if start else []), *parts[at + 1 :]]
            return CheckpointStep("/".join(training), int(matches[-1].group(1)))
    return CheckpointStep(checkpoint.rstrip("/"), None)
