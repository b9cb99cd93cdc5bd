"""Slots: the places of workers. A slot whose worker dies gets a new one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from mmbench.engine import identity
from mmbench.engine.workers.messages import NodeFacts
from mmbench.engine.workers.scheduling.jobs import Job, Work

_MOST_FAILED_STARTS = 3
_SHOWN = 4  # packages that a message lists
_LINGER = 1.0  # seconds for which a worker waits for the next stage of the run with its model


@dataclass(eq=False)
class Slot:
    """The place of one worker.

    `state` is `starting`, `ready`, `loading` (a model) or `lost` (no further worker is started).
    `generation` is the number of workers that were started, so that late replies of a dead worker
    are recognised. `hidden` has the folders of files that the worker's node does not see.
    """

    number: int
    actor: Any = None
    state: str = "starting"
    generation: int = 0
    facts: NodeFacts | None = None
    model: str = ""  # the key of the loaded model
    loading: str = ""
    refused: set[str | None] = field(default_factory=set)  # keys of models
    running: dict[Work, Job] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    failed_starts: int = 0
    last_work: float = 0.0  # when the last batch or call was received, by the monotonic clock
    answered: float = 0.0  # when the worker answered any call last, by the monotonic clock
    is_asked: bool = False  # whether it was asked since then
    is_silent: bool = False  # whether the run has said that it does not answer

    @property
    def name(self) -> str:
        """Return the name of the worker for messages: its number and its node."""
        return f"worker {self.number}" + (f" on {self.facts.name}" if self.facts else "")

    def lingers(self) -> bool:
        """Return whether a worker without work waits for further work for its model."""
        return self.model != "" and time.monotonic() - self.last_work < _LINGER

    def can_run(self, model: str | None) -> bool:
        """Return whether the worker may get a model now or later."""
        return self.state != "lost" and model not in self.refused

    def has_room(self, depth: int) -> bool:
        """Return whether the worker can take another batch, and has no suspect batch."""
        has_suspect = any(work.is_suspect for work in self.running)
        return self.state == "ready" and len(self.running) < depth and not has_suspect

    def clear(self) -> dict[Work, Job]:
        """Forget the worker, and return what it was computing."""
        lost, self.running = self.running, {}
        self.model = self.loading = ""
        return lost

    def can_restart(self) -> bool:
        """Count a death; return whether another worker may be started.

        Workers that die before they have a model count; others were useful.
        """
        self.failed_starts = self.failed_starts + 1 if self.state in ("starting", "loading") else 0
        return self.failed_starts < _MOST_FAILED_STARTS


def version_differences(facts: NodeFacts, device: str) -> str:
    """Return why a worker cannot compute the same outputs as the driver, or "".

    `device` is the type of device that the run uses.
    """
    if facts.device != device:
        return f"it runs on {facts.device}, and the run on {device}"
    here = identity.all_versions()
    names = sorted({*here, *facts.versions})
    lines = [
        f"{name} {facts.versions.get(name, identity.ABSENT)} (the driver has"
        f" {here.get(name, identity.ABSENT)})"
        for name in names
        if facts.versions.get(name, identity.ABSENT) != here.get(name, identity.ABSENT)
    ]
    if not lines:
        return ""
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"it has {', '.join(lines[:_SHOWN])}{more}; install the same versions"
