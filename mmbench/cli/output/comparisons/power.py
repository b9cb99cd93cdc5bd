"""The lines of `mmbench power`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, log10
from statistics import median

from mmbench.cli.output.terminal import listing, table, wrapped
from mmbench.comparison.power.result import Cost, GatePlan, Need, PairEstimate, PowerPlan
from mmbench.text import count, count_in_groups, plain
from mmbench.text.number_format import (
    format_cost,
    format_number,
    format_percent,
    format_rate,
    format_seconds,
)

_SCORES = 5  # other scores shown
_SEEDS = (
    "More seeds of the training do not help here: they average the noise of training, not the"
    " choice of test samples."
)


def plan_lines(plan: PowerPlan, width: int | None) -> list[str]:
    """Return the lines that `mmbench power` prints."""
    lines = [*_title(plan), ""]
    for text in _answer(plan):
        lines += wrapped(text, width)
    lines += ["", *_table(plan, width)]
    if plan.gate is not None:
        lines += ["", *_gate(plan, plan.gate, width)]
    lines += ["", *_basis(plan, width)]
    if plan.other_scores:
        lines += ["", *_help(plan, width)]
    return lines


def _title(plan: PowerPlan) -> list[str]:
    names = ": ".join(filter(None, [plain(plan.task), plain(plan.metric)]))
    size = _size(plan.samples, plan.groups)
    test = f"{plan.test}, at {100 * plan.alpha:g} %, power {100 * plan.power:g} %"
    return [*filter(None, [", ".join(filter(None, [names, size]))]), test]


def _size(samples: int | None, groups: int | None) -> str:
    return "" if samples is None else count_in_groups(samples, "sample", groups)


def _round(number: int) -> int:
    """Round a planned number up to two significant digits, which is as exact as it is."""
    unit: int = 10 ** max(0, int(log10(max(1, number))) - 1)
    return ceil(number / unit) * unit


def _answer(plan: PowerPlan) -> Iterator[str]:
    """Yield sentences: the need for the difference, and what the whole set finds."""
    need = plan.needed
    if need is not None:
        about = f"A difference of {_difference(need.difference, plan.value)} needs"
        yield f"{about} {_need(need)}."
        if plan.samples is not None and plan.achieved is not None:
            enough = need.samples is not None and need.samples <= plan.samples
            yield (
                f"The whole set{' is enough' if enough else ' is too small'}: it finds this"
                f" difference in {_cases(plan.achieved)}."
            )
    if plan.detectable is not None:
        yield f"The whole set finds differences from {_difference(plan.detectable, plan.value)} on."
    elif plan.samples is not None:
        yield "The whole set finds no difference: it has too few groups for the test."


def _difference(difference: float, value: float | None) -> str:
    share = f" ({format_percent(difference / abs(value))} of the baseline)" if value else ""
    return f"{_small(difference)}{share}"


def _small(number: float) -> str:
    """Return a difference with two significant digits: `0.0061`, `0.10`, `2.5`."""
    return f"{number:#.2g}".rstrip(".") if abs(number) < 100 else f"{number:,.0f}"


def _need(need: Need) -> str:
    if need.samples is None:
        return "more samples than any set has"
    size = _size(_round(need.samples), need.groups and _round(need.groups))
    return ", ".join([f"about {size}", *_costs(need.cost)])


def _cases(probability: float) -> str:
    return f"{round(100 * probability)} of 100 cases"


def _costs(cost: Cost | None) -> list[str]:
    if cost is None:
        return []
    parts = [] if cost.seconds is None else [format_seconds(cost.seconds)]
    tokens = sum(number or 0 for number in (cost.prompt, cost.completion))
    parts += [count(_round(tokens), "token")] if tokens else []
    return parts + ([f"cost {format_cost(cost.money)}"] if cost.money is not None else [])


def _table(plan: PowerPlan, width: int | None) -> list[str]:
    """Return the needs of several differences as a table; empty columns are left out."""
    header = ["difference", "of baseline", "samples", "groups", "of the set", "time", "tokens",
              "cost"]  # fmt: skip
    rows = [_row(need, plan) for need in plan.table]
    kept = [at for at in range(len(header)) if any(row[at] for row in rows)]
    return table([[row[at] for at in kept] for row in [header, *rows]], {}, width)


def _row(need: Need, plan: PowerPlan) -> list[str]:
    cost = need.cost or Cost(None, None, None, None)
    tokens = sum(number or 0 for number in (cost.prompt, cost.completion))
    share = f"{format_rate(need.samples / plan.samples)} ×" if need.samples and plan.samples else ""
    return [
        _small(need.difference),
        format_percent(need.difference / abs(plan.value)) if plan.value else "",
        "n/a" if need.samples is None else f"{_round(need.samples):,}",
        "" if need.groups in (None, need.samples) else f"{_round(need.groups or 0):,}",
        share,
        "" if cost.seconds is None else format_seconds(cost.seconds),
        f"{_round(tokens):,}" if tokens else "",
        "" if cost.money is None else format_cost(cost.money),
    ]


def _gate(plan: PowerPlan, gate: GatePlan, width: int | None) -> list[str]:
    rows = [
        ("passes, candidate as good as the baseline", gate.equal),
        ("passes, candidate loses half the margin", gate.half),
        ("fails, candidate loses twice the margin", gate.double),
    ]
    lines = [f"A gate with the margin {_small(gate.margin)} needs for its verdict:"]
    lines += listing([(name, _need(need)) for name, need in rows], width, indent=2)
    if gate.passes is None or plan.samples is None:
        return lines
    fails = gate.smallest_fail
    text = (
        f"With all {count(plan.samples, 'sample')} it passes an equally good candidate in"
        f" {_cases(gate.passes)}"
    )
    text += f" and fails a loss of {_small(fails)} in {_cases(plan.power)}." if fails else "."
    return [*lines, *wrapped(text, width)]


def _basis(plan: PowerPlan, width: int | None) -> list[str]:
    """Return lines on where the variation comes from."""
    lines = [] if plan.pair is None else _pairs(plan, plan.pair, width)
    if plan.per_group != 1 and plan.samples and plan.groups:
        size = plan.samples / plan.groups
        lines += [
            f"  a group of {size:.3g} samples is worth {plan.per_group:.2g} independent samples"
        ]
    lines += [f"  rate of time and tokens: {plain(plan.cost_run)}"] if plan.cost_run else []
    if plan.basis == "stated":
        lines = ["Without earlier runs: from the stated variation, for samples without groups."]
    for note in plan.notes:
        lines += wrapped(f"  {plain(note, 400)}", width)
    return lines


def _pairs(plan: PowerPlan, pair: PairEstimate, width: int | None) -> list[str]:
    related = [one for one in plan.pairs if one.relation == pair.relation]
    chosen = "the only pair" if len(plan.pairs) == 1 else (
        f"the median of {count(len(related), 'pair')} of {pair.relation}"
    )  # fmt: skip
    facts = [
        f"{name} {format_number(value, 3)}"
        for name, value in (("agreement", pair.agreement), ("correlation", pair.correlation))
        if value is not None
    ]
    rows = [("baseline", plain(pair.baseline)), ("candidate", plain(pair.candidate))]
    lines = [f"From {chosen}:", *listing(rows, width, indent=2), f"  {', '.join(facts)}"]
    if len(plan.pairs) > 1:
        lines += ["", *_relations(plan.pairs, width), ""]
    return lines


def _relations(pairs: Sequence[PairEstimate], width: int | None) -> list[str]:
    rows = [["pairs of", "number", "detectable: lowest", "median", "highest"]]
    for relation in ("one model", "different models"):
        found = [one.detectable for one in pairs if one.relation == relation and one.detectable]
        if found:
            ends = [min(found), median(found), max(found)]
            rows.append([relation, f"{len(found):,}", *map(_small, ends)])
    return table(rows, {0}, width)


def _help(plan: PowerPlan, width: int | None) -> list[str]:
    rows = [["score", "detectable", "typical difference", "ratio"]]
    shown = [one for at, one in enumerate(plan.other_scores)
             if at < _SCORES or one.metric == plan.metric]  # fmt: skip
    for score in shown:
        numbers = [_small(score.detectable), _small(score.typical), f"{score.ratio:.2f}"]
        rows.append([plain(score.metric), *numbers])
    lines = ["Scores of the same runs, the most sensitive first (a ratio below 1 suffices):"]
    return [*lines, *table(rows, {0}, width, indent=2), *wrapped(_SEEDS, width)]
