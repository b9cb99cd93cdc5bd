"""The scores of a run that an export writes, and the parts of their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from mmbench.comparison.comparability import SCORES_HINT, with_variants
from mmbench.engine.score_names import ScoreName, registered_name
from mmbench.errors import DataError, UnknownName
from mmbench.protocols import MetricInfo
from mmbench.text import plain
from mmbench.types import RunRecord, ScoreInfo

_ARGUMENT = re.compile(
    r"(?P<family>[^@\[]+)(?:@(?P<at>[^\[]+))?(?:\[(?P<variant>.*)\])?", re.DOTALL
)


class ScoreMetric(NamedTuple):
    """The metric of a score: the parts of the score's name, and the declaration of the metric.

    `info` is None if no metric with this name is registered.
    """

    name: ScoreName
    info: MetricInfo | None

    @property
    def family(self) -> str:
        """The metric without its argument: `recall`, `wer`."""
        match = _ARGUMENT.fullmatch(self.name.metric)
        return match["family"] if match else self.name.metric

    def parameters(self) -> dict[str, int | str]:
        """Return the argument of the metric, the direction and the tag of the macro mean."""
        match = _ARGUMENT.fullmatch(self.name.metric)
        at, variant = (match["at"] or "", match["variant"] or "") if match else ("", "")
        number = {"k": int(at)} if at.isdecimal() else {}
        texts = {
            "argument": "" if number else at,
            "variant": variant,
            "direction": self.name.direction,
            "macro_over": self.name.tag,
        }
        return number | {name: value for name, value in texts.items() if value}

    @property
    def is_rate(self) -> bool:
        """Whether the score is a fraction, or has a range from 0 to 1, so that × 100 is usual."""
        info = self.info
        return info is not None and (info.unit == "fraction" or {info.worst, info.best} == {0, 1})


def score_metric(name: str) -> ScoreMetric:
    """Return the metric of the score called `name`."""
    return ScoreMetric(*registered_name(name))


def selected(record: RunRecord, requested: Sequence[str]) -> dict[str, ScoreInfo]:
    """Return the requested scores of a run, or by default all of them.

    A name without brackets stands for all variants. Raises UnknownName.
    """
    names: list[str] = []
    for name in requested:
        matches = with_variants(name, list(record.scores))
        if not matches:
            raise UnknownName(f"metric of run {record.run}", name, record.scores, SCORES_HINT)
        names += matches
    return {name: record.scores[name] for name in names or record.scores}


def with_values(
    record: RunRecord, requested: Sequence[str]
) -> tuple[dict[str, ScoreInfo], list[str]]:
    """Return the scores of `selected` that have a value, and the names of the others.

    Raises DataError if a requested score, the headline, or every score is without a value.
    """
    scores = selected(record, requested)
    missing = [name for name, score in scores.items() if score.value is None]
    for name in missing:
        if requested or name == record.headline or len(missing) == len(scores):
            refuse_missing(record, name)
    return {name: score for name, score in scores.items() if score.value is not None}, missing


def refuse_missing(record: RunRecord, name: str) -> None:
    """Raise DataError for a score without a value, with the reason that the record gives."""
    why = record.scores[name].reason
    reason = f": {plain(why)}" if why else ""
    raise DataError(
        f"run {plain(record.run)}: {plain(name)} has no value{reason}; choose scores that have one"
        " with --metric"
    )


def missing_note(record: RunRecord, missing: Sequence[str]) -> list[str]:
    """Return a note that names the scores of a run that are left out, [] if there are none."""
    names = ", ".join(map(plain, missing))
    return [f"run {plain(record.run)}: without a value, left out: {names}"] if missing else []


def interval_of(score: ScoreInfo) -> tuple[float, float] | None:
    """Return the 95 % interval of a score, None if it has none."""
    return None if score.low is None or score.high is None else (score.low, score.high)
