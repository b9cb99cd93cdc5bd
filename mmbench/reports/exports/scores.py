"""The scores of a run that an export writes, and the parts of their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from mmbench import metric_names
from mmbench.comparison.comparability import SCORES_HINT, with_variants
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.protocols import MetricInfo
from mmbench.text import plain
from mmbench.types import RunRecord, ScoreInfo

_MACRO = re.compile(r"(?P<name>.*)\{macro:(?P<tag>.*)\}", re.DOTALL)
_ARGUMENT = re.compile(
    r"(?P<family>[^@\[]+)(?:@(?P<at>[^\[]+))?(?:\[(?P<variant>.*)\])?", re.DOTALL
)


class ScoreName(NamedTuple):
    """The parts of a score's name; "" if a part is absent.

    `wer[basic]{macro:speaker}` has the metric `wer[basic]` and the macro mean over the tag
    `speaker`; `recall@1[text-to-image]` has the metric `recall@1` and a direction. `info` is the
    declaration of the metric, None if no metric with this name is registered.
    """

    metric: str
    direction: str
    macro: str
    info: MetricInfo | None

    @property
    def family(self) -> str:
        """The metric without its argument: `recall`, `wer`."""
        match = _ARGUMENT.fullmatch(self.metric)
        return match["family"] if match else self.metric

    def parameters(self) -> dict[str, int | str]:
        """Return the argument of the metric, the direction and the tag of the macro mean."""
        match = _ARGUMENT.fullmatch(self.metric)
        at, variant = (match["at"] or "", match["variant"] or "") if match else ("", "")
        number = {"k": int(at)} if at.isdecimal() else {}
        named = {
            "argument": "" if number else at,
            "variant": variant,
            "direction": self.direction,
            "macro_over": self.macro,
        }
        return number | {name: value for name, value in named.items() if value}

    @property
    def is_rate(self) -> bool:
        """Whether the score is a fraction, or has a range from 0 to 1, so that × 100 is usual."""
        info = self.info
        return info is not None and (info.unit == "fraction" or {info.worst, info.best} == {0, 1})


def score_name(name: str) -> ScoreName:
    """Split the name of a score into its parts."""
    match = _MACRO.fullmatch(name)
    base, tag = (match["name"], match["tag"]) if match else (name, "")
    whole, _, direction = base.rpartition("[")
    for metric, rest in ((base, ""), (whole, direction.removesuffix("]"))):
        with suppress(UserError):
            return ScoreName(metric, rest, tag, metric_names.metric_info(metric))
    return ScoreName(base, "", tag, None)


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
