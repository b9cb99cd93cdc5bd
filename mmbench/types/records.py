"""The run record: the stored result of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from mmbench.types.scores import EstimateInfo, PublishedInfo, ScoreInfo

# The part of a score's signature that says that reasoning was removed from the answers.
REASONING_REMOVED = "reasoning=stripped"
# The beginnings of the notes that a record has if samples were left out: by `score --partial`, and
# by `--limit` if the task has no protocol with the number of samples.
PARTIAL = "partial: left out "
LIMITED = "limited: "
# The beginning of the note that a record has if answers were scored with reasoning in them.
REASONING_SCORED = "reasoning or its tags (<think>, <answer>) in "
# The adapters of late fusion and of stored outputs, which have no single model class, and of
# objects of a Python program.
LATE, OUTPUTS, LIVE, RERANKED = "late", "outputs", "live", "rerank"


class ModelInfo(Struct, frozen=True):
    """The evaluated model. `hash` covers adapter, options, dtype and weights.

    `adapter` is NAME@VERSION: the registered name and the version of the model class. It is `late`,
    `baseline` or `outputs` for an ensemble, a baseline or stored outputs, which have no single
    class, and `live` for an object of a Python program. In older records it is
    MODULE:CLASS@VERSION.
    """

    name: str
    checkpoint: str | None
    revision: str | None
    hash: str
    adapter: str
    options: dict[str, Any]
    dtype: str


class PartInfo(Struct, frozen=True):
    """The part of the test samples on which a model was evaluated, drawn at random.

    Whole groups of samples were drawn: `groups` of `of_groups` groups, which have `samples` of `of`
    samples. `seed` decides the order in which groups are drawn, so that a smaller part of the same
    seed is contained in a larger one. `data_hash` identifies the whole data. `stopped` says why the
    run ended at this size, if it was not fixed in advance.
    """

    samples: int
    of: int
    groups: int
    of_groups: int
    seed: int
    data_hash: str
    stopped: str = ""


def format_part(part: PartInfo) -> str:
    """Return the extent of a part as text: `500 of 5,000 samples, drawn at random`.

    The text also says whether the run stopped because of its own results: then its scores,
    intervals and p-values are more extreme than those of a part with a fixed size.
    """
    groups = f" in {part.groups:,} groups" if part.groups != part.samples else ""
    stopped = ", stopped by its own results" if part.stopped else ""
    return f"{part.samples:,} of {part.of:,} samples{groups}, drawn at random{stopped}"


class TaskInfo(Struct, frozen=True):
    """The task, identified by `fingerprint`, and its data, identified by `data_hash`.

    `data` holds the number of samples used, by role. `asked` is the part of each score's signature
    that comes from the options of the task's kind: "index=exact". `max_tokens` is the limit of
    `--max-tokens`, or None if the limit of the task holds. For a task with a perturbation, `clean`
    identifies the task and the data without it: `name`, `fingerprint`, `data_hash`. `part` is set
    if the model was evaluated on a part of the test samples; `data_hash` is then that of the part.
    """

    name: str
    version: int
    kind: str
    fingerprint: str
    data_hash: str
    protocol: dict[str, int]
    data: dict[str, int]
    source: dict[str, str] = field(default_factory=dict)
    asked: str = ""
    max_tokens: int | None = None
    perturbation: str = ""
    clean: dict[str, str] = field(default_factory=dict)
    part: PartInfo | None = None


def protocol_differences(task: TaskInfo) -> list[tuple[str, int, int]]:
    """Return the roles whose number of samples is not that of the protocol.

    Each comes with the number of samples that were used, and that of the protocol.
    """
    return [
        (role, used, task.protocol[role])
        for role, used in sorted(task.data.items())
        if task.protocol.get(role, used) != used
    ]


def other_tokens(
    tokens: Mapping[str, dict[str, int]], scope: Literal["computed", "all"]
) -> dict[str, dict[str, int]]:
    """Return the token counts of models other than the evaluated one by role, such as `judge`.

    `tokens` is that of a record, where their keys are `judge computed` and `judge all`.
    """
    end = f" {scope}"
    return {key.removesuffix(end): counts for key, counts in tokens.items() if key.endswith(end)}


class RunRecord(Struct, frozen=True, kw_only=True):
    """The record of one run of one model on one task, written once and never edited.

    docs/records.md describes the fields.
    """

    schema: int = 1
    run: str
    created: str
    model: ModelInfo
    task: TaskInfo
    scores: dict[str, ScoreInfo]
    headline: str
    published: list[PublishedInfo]
    counts: dict[str, int]
    failures: list[tuple[str, str]]
    seconds: dict[str, float]
    throughput: dict[str, float]
    environment: dict[str, Any]
    seed: int
    index: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    baseline: str | None = None
    # tag → value → metric → score over the samples with this value of the tag.
    breakdowns: dict[str, dict[str, dict[str, ScoreInfo]]] = field(default_factory=dict)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    # score → its estimate on all samples, for a run on a part of them.
    estimates: dict[str, EstimateInfo] = field(default_factory=dict)

    def comparison_key(self, name: str) -> tuple[str, str, str]:
        """Return what a score must have in common with a comparable score of another run.

        This is the task definition, the data, and the signature of the score `name`, "" if the run
        does not have it.
        """
        signature = self.measured_as(name) if name in self.scores else ""
        return self.task.fingerprint, self.task.data_hash, signature

    def measured_as(self, name: str) -> str:
        """Return the signature of the score `name` without parts that do not affect comparability.

        The signature says whether reasoning was removed. This part is left out, so that the score
        is comparable with scores of outputs that had no reasoning. It is not comparable with scores
        of outputs that were scored with their reasoning, as a note in the record says.
        """
        parts = self.scores[name].signature.split(",")
        scored = any(note.startswith(REASONING_SCORED) for note in self.notes)
        with_reasoning = ["reasoning=scored"] if scored and parts != [""] else []
        return ",".join([part for part in parts if part != REASONING_REMOVED] + with_reasoning)

    def has_all_samples(self) -> bool:
        """Return whether no samples are known to be missing.

        Samples are missing from runs with `--budget`, `--until-decided` or `--limit`, from scores
        with `--partial`, and if the data have fewer samples than the protocol.
        """
        fewer = any(used < expected for _, used, expected in protocol_differences(self.task))
        noted = any(note.startswith((PARTIAL, LIMITED)) for note in self.notes)
        return self.task.part is None and not fewer and not noted
