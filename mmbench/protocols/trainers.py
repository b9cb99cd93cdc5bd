"""The interface of trainers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

R_contra = TypeVar("R_contra", contravariant=True)


class Trainer(Protocol[R_contra]):
    """A function that trains by a recipe, reproducibly, and may be killed at any moment."""

    def __call__(
        self,
        recipe: R_contra,
        out: Path,
        /,
        *,
        resume: bool = ...,
        device: str = ...,
        report: Callable[[int, float], None] | None = ...,
        saved: Callable[[Path], None] | None = ...,
    ) -> Path:
        """Train into the folder `out` and return the last checkpoint.

        `report` gets each step from 1 and its loss, `saved` each checkpoint when it is written.
        With `resume` a run that was killed goes on. Raises UserError.
        """
        ...
