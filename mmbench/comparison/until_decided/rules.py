"""The rules of a sequential gate: which scores can be decided before the whole set is run.

A score can be decided early if it is a mean over samples, and if the rows of the samples have a
lowest and a highest value that is declared. Error rates (ratios, without an upper end), corpus
statistics such as CIDEr or mAP, and values of whole sets such as FID cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mmbench.comparison.comparability import depends_on_set
from mmbench.comparison.gate import GateRule, rules_by_score
from mmbench.engine.score_names import score_info
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun
from mmbench.text import listed
from mmbench.types import RunRecord


class BoundedRule(NamedTuple):
    """A rule on a score whose rows are between `worst` and `best`; `margin` is the allowed loss."""

    score: str
    rule: GateRule
    margin: float
    worst: float
    best: float

    @property
    def sign(self) -> int:
        """The sign of the loss: baseline minus candidate is a loss if higher values are better."""
        return 1 if self.best > self.worst else -1


def bounded_rules(baseline: StoredRun, fail_if: Sequence[str]) -> list[BoundedRule]:
    """Return the rules `fail_if` for the scores of a baseline on the whole set.

    Raises UserError for a baseline on a part of the samples, and for a score that cannot be decided
    early.
    """
    record = baseline.record
    if record.task.part is not None:
        raise UserError(
            f"--baseline {record.run}: the run is on a part of the samples; give a run on all of"
            " them"
        )
    return [
        _bounded(record, score, rule) for score, rule in rules_by_score([record], fail_if).items()
    ]


def _bounded(record: RunRecord, score: str, rule: GateRule) -> BoundedRule:
    info, declared = record.scores[score], score_info(score)
    reason = undecidable(record, score)
    if reason or declared is None or declared.worst is None or declared.best is None:
        others = [name for name in record.scores if not undecidable(record, name)]
        hint = f"; {listed(others)} can" if others else ""
        raise UserError(f"--fail-if {score}: it cannot be decided early, because {reason}{hint}")
    margin = rule.margin(info.value or 0.0)
    return BoundedRule(score, rule, margin, declared.worst, declared.best)


def undecidable(record: RunRecord, score: str) -> str:
    """Return why a score of a run cannot be decided early; "" if it can."""
    info, declared = record.scores[score], score_info(score)
    if info.fold != "mean" or depends_on_set(info.signature):
        return "it is not a mean over samples"
    if declared is None or declared.worst is None or declared.best is None:
        return "its rows have no lowest and highest value"
    return "" if info.value is not None else "the baseline has no value"
