"""Lists of models and tasks from Python: `mmbench.list_models` and `mmbench.list_tasks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench import registry
from mmbench.api.displayed import Display, Displayed
from mmbench.api.frames import data_frame
from mmbench.spec import task_summaries
from mmbench.text import count

if TYPE_CHECKING:
    import pandas as pd


class Listing(Displayed, Mapping[str, str]):
    """A mapping of names to descriptions, in alphabetical order, that is shown as a table."""

    def __init__(self, noun: str, summaries: Mapping[str, str]) -> None:
        self._noun, self._summaries = noun, dict(sorted(summaries.items()))

    def __getitem__(self, name: str) -> str:
        return self._summaries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._summaries)

    def __len__(self) -> int:
        return len(self._summaries)

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with the columns `name` and `description`.

        Raises MissingExtra if pandas is not installed.
        """
        columns = {"name": list(self), "description": list(self.values())}
        return data_frame(columns, "Listing.to_frame()")

    def _display(self) -> Display:
        title = count(len(self), self._noun)
        return Display(title, (self._noun, "description"), list(self.items()), (0, 1))


def list_models() -> Listing:
    """Return the names of all models with their descriptions, as `mmbench list models` does.

    No weights are loaded.
    """
    names = registry.names("model")
    return Listing("model", {name: registry.summary("model", name) for name in names})


def list_tasks(tasks: Sequence[str | Path] = ()) -> Listing:
    """Return the names of all tasks with their descriptions, as `mmbench list tasks` does.

    `tasks` are further folders with task files.
    """
    return Listing("task", task_summaries([str(folder) for folder in tasks]))
