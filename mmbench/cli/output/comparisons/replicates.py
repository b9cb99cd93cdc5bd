"""The lines of `mmbench compare --replicates`: methods, their differences, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmbench.cli.output.board_table import directions, short_name
from mmbench.cli.output.terminal import listing, table
from mmbench.comparison.replicates.result import (
    MethodDifference,
    MethodScore,
    ReplicateComparison,
)
from mmbench.text import count, count_in_groups, plain
from mmbench.text.number_format import (
    decimals,
    format_interval,
    format_number,
    format_p_value,
)

_LONG = 400  # characters of a name or a message


def replicate_lines(found: ReplicateComparison, headline: str, width: int | None) -> list[str]:
    """Return the lines that describe a comparison of methods, with sentences on the headline."""
    names = {method.name: _letter(at) for at, method in enumerate(found.methods)}
    tests = sum(one.p_value is not None for one in found.differences)
    lines = [
        f"{plain(found.task)}: methods whose runs differ in {plain(found.key)}",
        f"p corrected (Holm) over {count(tests, 'test')}; seed {found.seed}",
        "",
    ]
    lines += listing(
        [
            [names[method.name], plain(method.name, _LONG), _values(list(method.runs), found.key)]
            for method in found.methods
        ],
        width,
    )
    metrics = list(dict.fromkeys(score.metric for score in found.scores))
    for direction, own in directions(metrics).items():
        lines += ["", plain(direction)] if direction else [""]
        lines += _method_table(found, names, own, direction, width)
        if found.differences:
            lines += ["", *_difference_table(found, names, own, direction, width)]
    if not found.differences:
        return [*lines, "", "one method: give the runs of another one to compare them"]
    lines += ["", *(f"  {note}" for note in _notes(found, names))]
    chosen = headline if headline in metrics else metrics[0]
    lines += ["", f"{plain(chosen)}:"]
    pairs = [one for one in found.differences if one.metric == chosen]
    return lines + [f"  {_sentence(one, names, found.key)}" for one in pairs]


def _values(values: Sequence[str], key: str) -> str:
    return f"{_noun(key, len(values))} {plain(', '.join(values), _LONG)}"


def _noun(key: str, n: int) -> str:
    noun = "seed" if "seed" in key else "replicate"
    return noun if n == 1 else f"{noun}s"


def _letter(at: int) -> str:
    return chr(ord("A") + at) if at < 26 else f"M{at + 1}"


def _method_table(
    found: ReplicateComparison,
    names: dict[str, str],
    metrics: Sequence[str],
    direction: str,
    width: int | None,
) -> list[str]:
    header = ["metric", "method", "runs", "mean", f"SD of {_noun(found.key, 2)}", "SE of test set"]
    scores = [score for score in found.scores if score.metric in metrics]
    rows = [_method_row(score, names, direction) for score in scores]
    return table([header, *rows], {0, 1}, width)


def _method_row(score: MethodScore, names: dict[str, str], direction: str) -> list[str]:
    digits = decimals(score.mean)
    return [
        plain(short_name(score.metric, direction)),
        names[score.method],
        str(len(score.values)),
        format_number(score.mean, digits),
        format_number(score.between, digits),
        format_number(score.test_error, digits),
    ]


def _difference_table(
    found: ReplicateComparison,
    names: dict[str, str],
    metrics: Sequence[str],
    direction: str,
    width: int | None,
) -> list[str]:
    level = f"{100 * (1 - found.alpha):g} %"
    header = ["metric", "pair", "difference", level, "p (Holm)", "verdict"]
    rows = [
        _difference_row(one, names, direction) for one in found.differences if one.metric in metrics
    ]
    return table([header, *rows], {0, 1, 5}, width)


def _difference_row(one: MethodDifference, names: dict[str, str], direction: str) -> list[str]:
    digits = decimals(one.difference, one.low, one.high)
    return [
        plain(short_name(one.metric, direction)),
        _pair(one, names),
        format_number(one.difference, digits, "+"),
        format_interval(one.low, one.high, "+"),
        format_p_value(one.p_holm),
        one.verdict,
    ]


def _pair(one: MethodDifference, names: dict[str, str]) -> str:
    return f"{names[one.candidate]} - {names[one.baseline]}"


def _notes(found: ReplicateComparison, names: dict[str, str]) -> Iterator[str]:
    """Yield remarks on the samples, on the analysis of the pairs, and on missing tests."""
    tested = {one.metric for one in found.differences if one.p_value is not None}
    sizes = [(n, found.groups[name]) for name, n in found.samples.items() if name in tested]
    for n, groups in dict.fromkeys(sizes):
        size = count_in_groups(n, "sample", groups)
        yield f"interval: for new {_noun(found.key, 2)} and new samples, {size}"
    fixed = dict.fromkeys(
        one.metric for one in found.differences if one.fixed_test_set and one.metric in tested
    )
    if fixed:
        yield (
            f"interval: for new {_noun(found.key, 2)} on these same samples, because rows are"
            f" missing: {plain(', '.join(fixed), _LONG)}"
        )
    for name, excluded in found.excluded.items():
        yield f"excluded: {count(excluded, 'sample')} without a result in a run: {plain(name)}"
    pairs = {_pair(one, names): one.paired for one in found.differences if not one.reason}
    for is_paired, text in ((True, "paired"), (False, "independent")):
        own = [name for name, paired in pairs.items() if paired == is_paired]
        if own:
            yield f"{_noun(found.key, 2)} {text}: {', '.join(own)}"
    reasons: dict[str, list[str]] = {}
    for one in found.differences:
        if one.reason:
            reasons.setdefault(one.reason, []).append(_pair(one, names))
    for reason, own in reasons.items():
        yield f"no test: {plain(reason, _LONG)}: {', '.join(dict.fromkeys(own))}"
    yield from (plain(note, _LONG) for note in found.notes)


def _sentence(one: MethodDifference, names: dict[str, str], key: str) -> str:
    """Return what the difference of two methods means, in words."""
    pair = _pair(one, names)
    if one.noise is None:
        return f"{pair}: {plain(one.reason, _LONG)}"
    first, second = one.replicates
    noun = _noun(key, 2)
    counts = f"{first} {noun} each" if first == second else f"{first} and {second} {noun}"
    digits = decimals(one.difference, one.noise)
    words = [
        f"{pair}: with {counts}, a difference below {format_number(one.noise, digits)} is noise"
    ]
    if one.replicate_share is not None:
        words.append(
            f"{100 * one.replicate_share:.0f} % of the variance comes from {noun}, the rest from"
            " the samples"
        )
    words.append(_needed(one, noun))
    return "; ".join(filter(None, words))


def _needed(one: MethodDifference, noun: str) -> str:
    """Return how many replicates would find the observed difference."""
    if one.verdict in ("better", "worse") or not one.difference:
        return ""
    if one.needed is None:
        return f"100 {noun} each would not find this difference with these samples"
    return f"about {one.needed:,} {noun} each would find this difference in 80 % of cases"
