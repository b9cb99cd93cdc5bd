"""The power that `mmbench power` predicts, next to the power of the tests of `mmbench compare`.

A population of groups is made from the rows of two runs. The rows of some groups are exchanged
between the runs, until the difference of the runs is near the planned one. Then as many groups as
the plan needs are drawn many times with replacement, and the test is applied to each draw.
"""

from collections.abc import Iterator
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row
from mmbench.comparison.power.variation import estimate_rows, precise_resamples
from mmbench.comparison.rows import RunRows
from mmbench.stats.folds import Floats, fold
from mmbench.stats.paired import mcnemar, paired_many, uses_mcnemar
from mmbench.stats.permutation import Pair, permutation_tests
from mmbench.stats.power import (
    difference_found,
    fail_probability,
    groups_needed,
    pass_probability,
    power,
)
from mmbench.stats.resampler import Resampler
from mmbench.storage.run_lookup import find_run

ALPHA, TARGET = 0.05, 0.8
_PERMUTATIONS = 999
_REAL = ("20261128-144048-unified-nano-7cc116", "20261128-144317-llava-nano-35c4be")

Ints = NDArray[np.intp]


class Check(NamedTuple):
    """A planned difference and number of groups, with the predicted and the observed power."""

    test: str
    difference: float
    groups: int
    predicted: float
    observed: float


def check(pair: Pair, code: Ints, share: float, repetitions: int, *, seed: int = 0) -> Check:
    """Plan a difference and observe how often the test finds it.

    `code` [n] is the group of each row of the pair. The difference is the one that the plan expects
    to find with `share` times the groups of the pair.
    """
    resamples = precise_resamples(pair[0])
    estimate = estimate_rows(pair, Resampler(code, seed=seed, resamples=resamples))
    assert estimate is not None
    variation = estimate.variation
    about = difference_found(
        lambda one: power(variation, one, round(share * estimate.groups), ALPHA), TARGET, 1.0
    )
    assert about is not None
    rng = np.random.default_rng(seed)
    planted, difference = _planted(pair, code, about, rng)
    groups = groups_needed(lambda n: power(variation, difference, n, ALPHA), TARGET)
    assert groups is not None
    predicted = power(variation, difference, groups, ALPHA)
    found = [_finds(planted, code, groups, rng) for _ in range(repetitions)]
    return Check(variation.test, difference, groups, predicted, float(np.mean(found)))


def check_gate(pair: Pair, code: Ints, repetitions: int, *, loses: bool, seed: int = 0) -> Check:
    """Plan a gate and observe how often it gives the planned verdict.

    The margin is the one with which an equally good candidate passes with the groups of the pair.
    The candidate is equally good and should pass, or it loses twice the margin and should fail.
    """
    estimate = estimate_rows(pair, Resampler(code, seed=seed, resamples=precise_resamples(pair[0])))
    assert estimate is not None
    variation, groups = estimate.variation, estimate.groups
    margin = difference_found(
        lambda one: pass_probability(variation, one, 0.0, groups, ALPHA), TARGET, 1.0
    )
    assert margin is not None
    probability = fail_probability if loses else pass_probability
    rng = np.random.default_rng(seed)
    planted, difference = _planted(pair, code, -2 * margin if loses else 0.0, rng)
    needed = groups_needed(lambda n: probability(variation, margin, -difference, n, ALPHA), TARGET)
    assert needed is not None
    predicted = probability(variation, margin, -difference, needed, ALPHA)
    verdicts = [_verdict(planted, code, needed, margin, rng) for _ in range(repetitions)]
    observed = verdicts.count("fail" if loses else "pass") / repetitions
    return Check(variation.test, margin, needed, predicted, observed)


def _verdict(pair: Pair, code: Ints, groups: int, margin: float, rng: np.random.Generator) -> str:
    """Draw groups with replacement, and return the verdict of `gate` on the drawn rows."""
    sample, new_code = _drawn(pair, code, groups, rng)
    names = [str(group) for group in new_code]
    (found,) = paired_many([sample], names, seed=int(rng.integers(1 << 31)))
    loss = 0 - found.difference
    if loss > margin and (found.p_value or 0.0) <= ALPHA:
        return "fail"
    return "pass" if found.low is not None and 0 - found.low <= margin else "unclear"


def _planted(pair: Pair, code: Ints, target: float, rng: np.random.Generator) -> tuple[Pair, float]:
    """Exchange the rows of groups until the difference is near `target`; return it as well."""
    name, a, b = pair
    swapped = rng.random(code.max() + 1) < 0.5

    def planted() -> Pair:
        swap = swapped[code][:, None]
        return name, np.where(swap, b, a), np.where(swap, a, b)

    difference = _difference(planted())
    for group in rng.permutation(code.max() + 1):
        swapped[group] ^= True
        moved = _difference(planted())
        if abs(moved - target) < abs(difference - target):
            difference = moved
        else:
            swapped[group] ^= True
    return planted(), difference


def _difference(pair: Pair) -> float:
    name, a, b = pair
    return fold(name, b) - fold(name, a)


def _drawn(pair: Pair, code: Ints, groups: int, rng: np.random.Generator) -> tuple[Pair, Ints]:
    """Draw groups with replacement; return their rows, and the group of each row."""
    name, a, b = pair
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(code.max() + 2))
    drawn = rng.integers(code.max() + 1, size=groups)
    sizes = np.diff(starts)[drawn]
    ends = np.cumsum(sizes)
    rows = order[np.arange(ends[-1]) - np.repeat(ends - sizes - starts[drawn], sizes)]
    return (name, a[rows], b[rows]), np.repeat(np.arange(groups), sizes)


def _finds(pair: Pair, code: Ints, groups: int, rng: np.random.Generator) -> bool:
    """Draw groups with replacement, and return whether the test of `compare` is significant."""
    sample, new_code = _drawn(pair, code, groups, rng)
    if uses_mcnemar(sample, groups):
        return mcnemar(sample[1][:, 0], sample[2][:, 0]) <= ALPHA
    p_values = permutation_tests(
        [sample],
        [_difference(sample)],
        new_code,
        groups,
        seed=int(rng.integers(1 << 31)),
        permutations=_PERMUTATIONS,
    )
    return p_values[0] <= ALPHA


def rows_of_runs(out: str, runs: tuple[str, str], name: str) -> tuple[Pair, Ints]:
    """Return the rows of a score in two runs of a board that have the same samples, and groups."""
    a, b = (RunRows(find_run(run, out), [name]) for run in runs)
    first, second = a.score_rows(name), b.score_rows(name)
    assert first is not None and second is not None
    code = Resampler(a.groups.take(first.places)).code
    return (a.record.scores[name].fold, first.rows, second.rows), code


def generated(kind: str, groups: int, seed: int = 0) -> tuple[Pair, Ints]:
    """Return rows of two models that are equally good, in groups of 1 to 9 rows.

    `kind` is `answers` (right or wrong), `words` (errors and words of utterances) or `captions`
    (counts for BLEU). The rows of a group are similar, and the difficulty is common to both models.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 10, groups)
    code = np.repeat(np.arange(groups), sizes)
    hard = (rng.normal(size=groups)[code] + rng.normal(size=len(code)))[:, None]
    own = [hard + 0.7 * rng.normal(size=(groups, 1))[code] + 0.7 * rng.normal(size=hard.shape)
           for _ in range(2)]  # fmt: skip
    if kind == "answers":
        first, second = ((one < 0.5).astype(float) for one in own)
        return ("mean", first, second), code
    words = rng.integers(3, 20, (len(code), 1)).astype(float)
    shares = [1 / (1 + np.exp(-(one - 1.5) / sqrt(2))) for one in own]
    fold_name, make = ("ratio", _word_rows) if kind == "words" else ("bleu@1", _bleu_rows)
    first, second = (make(words, share, rng) for share in shares)
    return (fold_name, first, second), code


def _word_rows(words: Floats, share: Floats, rng: np.random.Generator) -> Floats:
    """Return the errors and the words of utterances, for the probability of an error."""
    return np.column_stack([rng.binomial(words.astype(int), share), words])


def _bleu_rows(words: Floats, share: Floats, rng: np.random.Generator) -> Floats:
    """Return matched words, words, the length and the reference's length of captions.

    `share` is the probability that a word does not match.
    """
    length = words + rng.integers(-1, 2, words.shape)
    matches = rng.binomial(length.astype(int), 1 - share)
    return np.column_stack([matches, length, length, words])


def rows(quick: bool) -> Iterator[Row]:
    """Yield a row for each kind of rows: how far the observed power is from the predicted one."""
    repetitions = 200 if quick else 1000
    cases = {"0/1, real rows": rows_of_runs("leaderboards", _REAL, "exact_match")}
    for kind in ("answers", "words", "captions"):
        cases[f"{kind} in groups of 1 to 9"] = generated(kind, 300)
    for name, (pair, code) in cases.items():
        for share in (0.25, 1.0):
            yield _row(f"power, {name}", check(pair, code, share, repetitions), repetitions)
    pair, code = cases["0/1, real rows"]
    for loses in (False, True):
        name = (
            "gate fails a loss of twice the margin" if loses else "gate passes an equal candidate"
        )
        found = check_gate(pair, code, repetitions // 5, loses=loses)
        yield _row(name, found, repetitions // 5)


def _row(name: str, found: Check, repetitions: int) -> Row:
    """Return a row with the distance of both powers, whose limit is three standard errors."""
    return Row(
        f"{name}, {found.groups:,} groups",
        100 * abs(found.observed - found.predicted),
        limit=max(4.0, 120 / repetitions**0.5),
        unit="points",
        note=f"{found.test}: predicted {100 * found.predicted:.1f} %, observed"
        f" {100 * found.observed:.1f} % of {repetitions:,}",
    )
