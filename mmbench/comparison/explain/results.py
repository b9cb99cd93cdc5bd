"""The two results of an explanation: our run, and the samples of the other result."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct, field

from mmbench.comparison.explain.rescoring import Placed
from mmbench.engine.score_names import ScoreName
from mmbench.predictions.harnesses import HarnessSample
from mmbench.stats.folds import Floats
from mmbench.types import RunRecord, Sample, TaskSpec

MMBENCH = "mmbench"  # the source of a second run


class KnownTask(NamedTuple):
    """The current definition of a task, and its kind."""

    spec: TaskSpec
    kind: Any


class Prompts(Struct, frozen=True):
    """The text of the prompt of each sample; [] if unknown.

    `absent` is the reason why the model of a run got other prompts or they are unknown, or "".
    """

    texts: list[str] = field(default_factory=list)
    absent: str = ""


class OurResult(Struct, frozen=True):
    """A run: the predictions that its score covers, in the order of the rows.

    `samples` [n] are their inputs and references, as far as they are stored. `options` are the
    options of the metric. `strips_reasoning` is true if answers were scored without the reasoning
    before them. `relevant` are the grades of the relevant documents by
    query, for retrieval, and `labels` the class names.
    """

    record: RunRecord
    name: str
    parts: ScoreName
    options: dict[str, object]
    items: list[Placed]
    samples: list[Sample]
    prompts: Prompts = Prompts()
    strips_reasoning: bool = False
    relevant: dict[str, dict[str, float]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)

    @property
    def value(self) -> float:
        """The recorded value; NaN if the run has none."""
        value = self.record.scores[self.name].value
        return float("nan") if value is None else value


class TheirSample(HarnessSample, frozen=True):
    """A sample of the other result, as its file has it.

    For another run of mmbench, `metric_row` is the row [c] of the metric, and `key` identifies the
    sample: direction, split and id.
    """

    metric_row: Floats | None = None
    key: tuple[str, int, str] | None = None


class TheirResult(Struct, frozen=True):
    """The other result: its samples and its aggregated scores.

    `name` is the file or the run, `source` the program that wrote it. `scores` maps names to
    aggregated scores, `value` is the value of a run of mmbench for the explained score.
    `positional` is true if ids are the numbers of lines; `id_column` is the name of the ids.
    """

    name: str
    source: str
    samples: list[TheirSample]
    scores: dict[str, float] = field(default_factory=dict)
    value: float | None = None
    positional: bool = False
    id_column: str = ""
    notes: list[str] = field(default_factory=list)
