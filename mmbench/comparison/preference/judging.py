"""Requests to a judge for pairs of answers, in both orders, and its verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from mmbench.comparison.preference.answers import AnswerPair
from mmbench.comparison.preference.result import JudgedPair, Status, Winner
from mmbench.engine.context import RunContext
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.errors import UserError
from mmbench.metrics.judges.injection import instructions
from mmbench.metrics.judges.prompt import judged_sample, pairwise_conversations
from mmbench.metrics.judges.requests import VERDICT, judge_request
from mmbench.metrics.judges.rubric import Rubric
from mmbench.metrics.judges.verdict import UnparsableVerdict, both_orders, parse_preference
from mmbench.types import Conversation, Prediction

_PASS_DATA = "; if the data have it, pass --data PATH"  # advice that compare cannot follow
_WINNERS: dict[str, Winner] = {"A": "baseline", "B": "candidate", "tie": "tie"}


class Judged(NamedTuple):
    """The pairs with their verdicts, in order, and the judge in signatures: name and hash."""

    pairs: list[JudgedPair]
    judge: str


def judge_pairs(rubric: Rubric, pairs: Sequence[AnswerPair], context: RunContext) -> Judged:
    """Return the verdict on each pair of answers.

    The judge is that of the setting `judge`. Its outputs are in the journal, so that an interrupted
    comparison continues. Pairs of equal answers are ties; an empty answer loses against another.
    The judge is asked for neither. Raises UserError for a model that cannot judge.
    """
    asked = {str(n): pair for n, pair in enumerate(pairs) if not _status_unasked(pair)}
    wants = judge_request(rubric, lambda p: {VERDICT: _conversations(rubric, asked[p.id])})
    metric = f"judge[{rubric.name}]"
    try:
        extracted = FeatureExtractor(context).features(
            metric, wants, [Prediction(number) for number in asked]
        )
    except UserError as error:  # its advice is for metrics
        raise UserError(str(error).replace(f"use {metric}@NAME with", "give --judge")) from error
    outputs = {
        number: extracted.failures.get(row, one[VERDICT])
        for row, (number, one) in enumerate(zip(asked, extracted.features, strict=True))
    }
    judged = [_judged(rubric, pair, outputs.get(str(n))) for n, pair in enumerate(pairs)]
    return Judged(judged, extracted.signature.removeprefix("features="))


def _conversations(rubric: Rubric, pair: AnswerPair) -> list[Conversation]:
    sample = judged_sample(rubric, pair.prediction)
    return [*pairwise_conversations(rubric, sample, pair.baseline, pair.candidate)]


def _status_unasked(pair: AnswerPair) -> Status | None:
    """Return the status of a pair for which the judge is not asked; None for the other pairs."""
    if pair.baseline.strip() == pair.candidate.strip():
        return "same answers"
    return None if pair.baseline.strip() and pair.candidate.strip() else "empty answer"


def _judged(rubric: Rubric, pair: AnswerPair, outputs: Sequence[str] | str | None) -> JudgedPair:
    """Return the verdict on a pair; `outputs` are those of the judge, or why there are none."""
    answers = {"baseline": pair.baseline, "candidate": pair.candidate}
    found = {run: kinds for run, answer in answers.items() if (kinds := instructions(answer))}
    prediction = pair.prediction
    unjudged = JudgedPair(
        id=prediction.id,
        group=prediction.group,
        status="not judged",
        winner=None,
        verdicts=(),
        disagree=False,
        reason=outputs.removesuffix(_PASS_DATA) if isinstance(outputs, str) else "",
        baseline_answer=pair.baseline,
        candidate_answer=pair.candidate,
        instructions=found,
    )
    if outputs is None:
        status = _status_unasked(pair)
        winner: Winner = "candidate" if pair.candidate.strip() else "baseline"
        winner = "tie" if status == "same answers" else winner
        return replace(unjudged, status=status, winner=winner)
    return unjudged if isinstance(outputs, str) else _with_verdicts(rubric, unjudged, outputs)


def _with_verdicts(rubric: Rubric, pair: JudgedPair, outputs: Sequence[str]) -> JudgedPair:
    try:
        first, second = (parse_preference(rubric, text) for text in outputs)
    except UnparsableVerdict as error:
        return replace(pair, status="unparsed", reason=str(error))
    both = both_orders(first, second)
    return replace(
        pair,
        status="judged",
        winner=_WINNERS[both.preferred],
        verdicts=(first.preferred, second.preferred),
        disagree=both.disagree,
        reason=" | ".join(filter(None, both.reasons)),
    )
