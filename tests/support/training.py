"""Short trainings of reference models: their losses, and runs that are broken off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmbench.reference.training import Recipe, train
from mmbench.reference.training.family import find_family


class BrokenOff(Exception):
    """Ends a training early."""


def train_until(step: int, recipe: Recipe, folder: Path) -> None:
    """Train into a folder until this step, at which the run is broken off."""

    def report(at: int, _: float) -> None:
        if at == step:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        train(recipe, folder, report=report)


def assert_resumed_equals(whole: Path, recipe: Recipe, folder: Path) -> None:
    """Break a training off at step 5, resume it, and require the last step to be as in `whole`."""
    train_until(5, recipe, folder)
    resumed = train(recipe, folder, resume=True)
    for name in ("config.json", "model.safetensors"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name


def losses_of(recipe: Recipe, folder: Path) -> list[float]:
    """Train and return the loss of each step."""
    losses: list[float] = []
    train(recipe, folder, report=lambda _, loss: losses.append(loss))
    return losses


def stage_batch(recipe: Recipe, checkpoint: Any, stage: int, step: int = 3) -> Any:
    """Return what a stage of a recipe learns from at a step."""
    objective = find_family(recipe).objectives[recipe.stages[stage].objective]
    return objective.batch(checkpoint, recipe.stages[stage], recipe.seed, step)


def descend(
    model: nn.Module, loss: Callable[[], Tensor], *, steps: int, rate: float = 1e-3
) -> list[float]:
    """Take steps of Adam down a loss and return its value before each; the last gradients stay."""
    optimiser = torch.optim.Adam(model.parameters(), rate)
    losses = []
    for _ in range(steps):
        value = loss()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        losses.append(float(value.detach()))
    return losses
