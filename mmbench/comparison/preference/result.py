"""The result of a comparison of two runs by a judge."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mmbench.comparison.compare import Verdict

Winner = Literal["candidate", "baseline", "tie"]
Status = Literal["judged", "same answers", "empty answer", "unparsed", "not judged"]


class JudgedPair(Struct, frozen=True):
    """Two answers to one sample, and what the judge preferred.

    `winner` is None if the pair has no verdict. `verdicts` are the judge's words for the orders
    baseline-candidate and candidate-baseline: `A` is the answer that it saw first. They are empty
    if the judge was not asked: equal answers are a tie, and a single empty answer loses. `disagree`
    is true if the orders have different winners, which is a tie. `reason` is that of the judge, or
    says why there is no verdict. `instructions` are the kinds of instructions to the judge that an
    answer contains, by run.
    """

    id: str
    group: str
    status: Status
    winner: Winner | None
    verdicts: tuple[str, ...]
    disagree: bool
    reason: str
    baseline_answer: str
    candidate_answer: str
    instructions: dict[str, list[str]] = {}


class PairCounts(Struct, frozen=True):
    """The numbers of pairs.

    `wins` and `losses` are those of the candidate. `asked` pairs were shown to the judge in both
    orders and have two verdicts; `disagree` of them have two winners and are ties. `first` of the
    `verdicts` on them prefer the answer that was shown first, and `second` the other. `same` and
    `empty` pairs were not shown to the judge. `unparsed` and `failed` pairs have no verdict;
    `excluded` samples failed in a run. `instructions` answers contain instructions to the judge.
    """

    wins: int
    ties: int
    losses: int
    asked: int
    disagree: int
    first: int
    second: int
    same: int
    empty: int
    unparsed: int
    failed: int
    excluded: int
    instructions: int


class Preference(Struct, frozen=True):
    """The comparison of a candidate with a baseline by a judge, in both orders.

    `win_rate` is the share of pairs that the candidate wins, where a tie is ½, with its interval at
    level 1 - alpha; `bounds` are the lowest and highest rate if the pairs without a verdict had
    one. The test is a paired permutation test of the hypothesis that the rate is ½.
    """

    baseline: str
    candidate: str
    task: str
    judge: str
    rubric: str
    alpha: float
    seed: int
    verdict: Verdict
    win_rate: float | None
    low: float | None
    high: float | None
    bounds: tuple[float, float] | None
    p_value: float | None
    n: int
    groups: int
    reason: str
    counts: PairCounts
    tokens: dict[str, dict[str, int]]
    pairs: list[JudgedPair]
