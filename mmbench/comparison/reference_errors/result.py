"""What a run does with known errors of the references: shares, tests and a verdict."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

RepeatVerdict = Literal["repeats the errors", "no difference", "too little data"]
BaselineVerdict = Literal["more", "fewer", "no difference", "too little data"]


class ErrorCounts(Struct, frozen=True):
    """What happened to the errors of the list; the numbers add up to `listed`.

    `compared` errors have an output with the wrong or the right phrase. `neither` outputs have
    neither phrase. The samples of `absent` errors are not in the run, and those of `failed` errors
    failed. The references of `outdated` errors lack the wrong phrase. A normaliser makes the
    phrases of `normalised` errors equal.
    """

    listed: int
    compared: int
    neither: int = 0
    absent: int = 0
    failed: int = 0
    outdated: int = 0
    normalised: int = 0


class WrongShare(Struct, frozen=True):
    """The share of outputs with the wrong phrase among the `n` outputs with either phrase.

    `low` and `high` are its 95 % interval; None if it has none.
    """

    wrong: int
    n: int
    share: float | None
    low: float | None
    high: float | None


class ErrorExample(Struct, frozen=True):
    """A listed error, the form in the output ("wrong" or "right"), and the output."""

    id: str
    wrong: str
    right: str
    form: str
    output: str


class WithBaseline(Struct, frozen=True):
    """The comparison with another run by the share of wrong phrases, error by error (paired).

    `baseline` is the share of the other run; `difference` is the share of the run minus this share.
    """

    baseline: WrongShare
    run: str
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    verdict: BaselineVerdict


class CorrectedScore(Struct, frozen=True):
    """A score against the given references and against the corrected ones, with the difference."""

    metric: str
    better: str
    given: float | None
    corrected: float | None
    difference: float | None
    low: float | None
    high: float | None


class RepeatedErrors(Struct, frozen=True):
    """Whether a run repeats the errors of the references more than it makes them elsewhere.

    `with_error` is the share of wrong phrases where the reference has the error, `elsewhere` the
    share in outputs whose references do not have it. `difference` is the difference of both within
    the same pairs of phrases, with its interval, `p_value` the one-sided p-value of the exact test
    in these strata; `strata` is the number of pairs of phrases that both shares have. `reason` says
    why there is no verdict.
    """

    run: str
    task: str
    how: str
    alpha: float
    counts: ErrorCounts
    with_error: WrongShare
    elsewhere: WrongShare
    strata: int
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    verdict: RepeatVerdict
    reason: str = ""
    baseline: WithBaseline | None = None
    corrected: list[CorrectedScore] = []
    examples: list[ErrorExample] = []
