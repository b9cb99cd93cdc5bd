"""The summary of a run: its scores, failures and cost, shown after the run or later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mmbench.cli.output.terminal import listing, table
from mmbench.engine.score_names import without_macro
from mmbench.reports.cells import bounds, interval, number
from mmbench.reports.error_types import error_types
from mmbench.reports.index_tables import index_reports, index_tables, legends
from mmbench.reports.sections import caption, label, other_data
from mmbench.text import count, format_sizes, listed, plain, repeated
from mmbench.text.number_format import (
    format_cost,
    format_interval,
    format_number,
    format_rate,
    format_seconds,
)
from mmbench.types import (
    EstimateInfo,
    PublishedInfo,
    RunRecord,
    ScoreInfo,
    other_tokens,
)

_PARTS = 8  # values of a tag shown after a run
_REASON = 1_000  # characters of a reason, which ends with what to type
_OTHER_MODEL = "not comparable: another model"
_NOT_COMPARABLE = "not comparable"


def run_result(record: RunRecord, where: str, width: int | None) -> list[str]:
    """Return the lines that are printed after a run; `where` is the path of its record."""
    return [
        _title(record),
        *_measured(record, width, _PARTS),
        *_cost(record),
        f"  record: {plain(where, 4000)}",
    ]


def run_summary(record: RunRecord, width: int | None) -> list[str]:
    """Return the lines of `mmbench show run`: model, task, time, machine, then the result."""
    model, task = record.model, record.task
    sizes = format_sizes(task.data)
    about = [
        ("run", record.run),
        ("created", record.created),
        ("model", label(record)),
        ("adapter", f"{model.adapter}, {model.dtype}, hash {model.hash[:12]}"),
        ("task", f"{task.name}, version {task.version}, kind {task.kind}"),
        ("data", f"{sizes}; hash {task.data_hash[:12]}; {other_data(record)}".rstrip("; ")),
        ("question", f"fingerprint {task.fingerprint[:12]}"),
        ("headline", record.headline),
        ("seed", str(record.seed)),
        ("seconds", ", ".join(f"{k} {v:.1f}" for k, v in record.seconds.items() if v >= 0.05)),
        ("environment", _environment(record)),
    ]
    rows = [(f"{name}:", plain(value, 400)) for name, value in about if value]
    return [
        *listing(rows, width),
        "",
        "scores, with 95 % intervals:",
        *_measured(record, width, None),
        *_cost(record),
        f"  for the complete record: mmbench show run {plain(record.run)} --json",
    ]


def _title(record: RunRecord) -> str:
    about = plain(caption([record]), 4000)
    return f"{plain(label(record))} on {plain(record.task.name)}: {about}"


def _measured(record: RunRecord, width: int | None, parts: int | None) -> list[str]:
    shared = [reason for reason in repeated(s.reason for s in record.scores.values()) if reason]
    lines = _scores(record, width, shared)
    lines += [_shared_reason(record, reason) for reason in shared]
    lines += _estimates(record, width)
    lines += [f"  {note}" for note in _published_notes(record.published)]
    lines += [f"  note: {plain(note, 400)}" for note in record.notes]
    lines += _indexes(record, width)
    return [*lines, *_failures(record), *_breakdowns(record, parts, width)]


def _estimates(record: RunRecord, width: int | None) -> list[str]:
    """Return the estimates of the scores on all samples, for a run on a part of them."""
    part = record.task.part
    found = {name: one for name, one in record.estimates.items() if one.value is not None}
    missing = {name: one for name, one in record.estimates.items() if one.value is None}
    lines = [f"  no estimate of {plain(n)}: {plain(one.reason)}" for n, one in missing.items()]
    if part is None or not found:
        return lines
    baselines = {one.baseline for one in found.values() if one.baseline}
    strata = list(dict.fromkeys(tag for one in found.values() for tag in one.strata))
    used = [*(["the baseline"] if baselines else []), *(["strata"] if strata else [])]
    header = ["score", "estimate", "95 %", *(["plain"] if used else [])]
    rows = [[plain(name), *_estimate(one)][: len(header)] for name, one in found.items()]
    legend = f"    plain: the samples that an estimate without {' and '.join(used)} would need"
    shared = repeated(one.reason for one in found.values() if one.reason)
    return [
        f"  estimates for all {part.of:,} samples:",
        *table([header, *rows], {0}, width, indent=4),
        *([legend] if used else []),
        *(f"    baseline: {plain(one)}" for one in baselines),
        *([f"    strata: {listed(strata)}"] if strata else []),
        *(f"    {plain(reason)}" for reason in shared),
        *(
            f"    {plain(n)}: {plain(one.reason)}"
            for n, one in found.items()
            if one.reason and one.reason not in shared
        ),
        *lines,
    ]


def _estimate(one: EstimateInfo) -> list[str]:
    """Return the value of an estimate, its interval and the samples of plain sampling."""
    corrected = one.baseline or one.strata
    samples = "" if one.plain is None or not corrected else f"{one.plain:,}"
    return [format_number(one.value), format_interval(one.low, one.high), samples]


def _indexes(record: RunRecord, width: int | None) -> list[str]:
    """Return the tables that compare the indexes of the run, or the reports on its index."""
    tables = index_tables(record)
    if not tables:
        reports = index_reports(record).items()
        return [f"  index {plain(name)}: {_flat(report)}" for name, report in reports]
    lines = []
    for compared in tables:
        direction = f", {plain(compared.direction)}" if compared.direction else ""
        lines.append(f"  {compared.title.lower()}{direction}:")
        rows = [[plain(cell) for cell in row] for row in [compared.header, *compared.rows]]
        lines += table(rows, {0}, width, indent=4)
    return [*lines, *(f"  {legend}" for legend in legends(tables))]


def _shared_reason(record: RunRecord, reason: str) -> str:
    """Return a line with a reason and the names of the scores for which it holds."""
    names = [plain(name) for name, score in record.scores.items() if score.reason == reason]
    scores = "all scores" if len(names) == len(record.scores) else ", ".join(names)
    return f"  {plain(reason, _REASON)}: {scores}"


def _scores(record: RunRecord, width: int | None, elsewhere: list[str]) -> list[str]:
    """Return a line for each score, with its remarks.

    Reasons in `elsewhere` are left out of the remarks, because they are shown below the scores.
    """
    published = {entry.metric: entry for entry in record.published}
    rows = [
        [plain(name), number(score), _remarks(score, published.get(name), elsewhere)]
        for name, score in record.scores.items()
    ]
    return table(rows, {0, 2}, width, indent=2) if rows else []


def _remarks(score: ScoreInfo, entry: PublishedInfo | None, elsewhere: list[str]) -> str:
    """Return the remarks on a score: its interval, or the reason for none, and the published score.

    Reasons in `elsewhere` are left out.
    """
    parts = [f"[{interval(score)}]"] if score.low is not None else []
    has_own_reason = score.reason and score.reason not in elsewhere
    parts += [f"({plain(score.reason, _REASON)})"] if has_own_reason else []
    if entry and not entry.verdict.startswith(_OTHER_MODEL):
        known = f"published {format_number(entry.value)} for {plain(entry.model)}"
        comparable = not entry.verdict.startswith(_NOT_COMPARABLE)
        parts += [f"{known}: {plain(entry.verdict)}" if comparable else known]
    return "  ".join(parts)


def _published_notes(published: Iterable[PublishedInfo]) -> Iterator[str]:
    """Yield the distinct reasons for which published scores are not comparable."""
    reasons = {
        (entry.model, entry.verdict): None
        for entry in published
        if entry.verdict.startswith(_NOT_COMPARABLE)
    }
    for model, verdict in reasons:
        yield f"published scores of {plain(model)}: {plain(verdict)}"


def _failures(record: RunRecord) -> list[str]:
    failed = record.counts["failed"]
    if not failed:
        return []
    within = bounds(record)
    lines = [f"  {count(failed, 'sample')} failed{f'; {within}' if within else ''}:"]
    lines += [f"    {plain(ident)}: {plain(why)}" for ident, why in record.failures]
    rest = failed - len(record.failures)
    return lines + ([f"    and {rest:,} more"] if rest else [])


def _breakdowns(record: RunRecord, most: int | None, width: int | None) -> list[str]:
    """Return lines with the headline for each value of each tag.

    Tag values with most samples come first; at most `most` values are shown. If the headline is a
    mean over the values of a tag (`NAME{macro:TAG}`), the metric NAME is shown. A metric whose
    library is missing is left out. A word error rate is followed by its parts, which have a header.
    """
    lines = []
    metric = without_macro(record.headline)
    types = error_types(metric, record.scores)
    for tag, values in record.breakdowns.items():
        parts = {v: scores[metric] for v, scores in values.items() if metric in scores}
        largest = sorted(parts, key=lambda value: -parts[value].n)[:most]
        rows = [
            [plain(value), *(number(values[value].get(one)) for one in (metric, *types.values()))]
            for value in largest
        ]
        lines += [f"  {plain(metric)} by {plain(tag)}:"] if rows else []
        rows = [["", "wer", *types], *rows] if rows and types else rows
        lines += table(rows, {0}, width, indent=4) if rows else []
        rest = len(parts) - len(largest)
        lines += [f"    and {rest:,} more; `mmbench show run {plain(record.run)}`"] if rest else []
    return lines


def _cost(record: RunRecord) -> list[str]:
    counts, spent = record.counts, format_seconds(sum(record.seconds.values()))
    if not counts["requests"]:
        return [f"  {spent}"]
    rates = [f"{format_rate(rate)} {plain(unit)}" for unit, rate in record.throughput.items()]
    requests = f"{count(counts['requests'], 'request')}: {counts['computed']:,} computed"
    line = f"  {requests}, {counts['cached']:,} from the cache; {', '.join([spent, *rates])}"
    return [line, *_tokens(record), *_tokens_of_others(record)]


def _tokens(record: RunRecord) -> list[str]:
    """Return lines on tokens and cost, as counted by a server.

    They show the outputs computed in this run, and all outputs including those from the cache.
    """
    computed, total = record.tokens.get("computed", {}), record.tokens.get("all", {})
    if not record.cost and not total.get("prompt"):
        return []
    lines = [f"  tokens: {_token_counts(computed)}"]
    if computed != total:
        lines[0] += f"; with those from the cache {_token_counts(total)}"
    if record.cost:
        now, whole = (_cost_or_unknown(record.cost[name]) for name in ("computed", "all"))
        lines.append(f"  cost: {now}{'' if now == whole else f'; without the cache {whole}'}")
    return lines


def _tokens_of_others(record: RunRecord) -> Iterator[str]:
    """Yield a line with the tokens and the seconds of each other model of the run: a judge."""
    for role, total in other_tokens(record.tokens, "all").items():
        computed = other_tokens(record.tokens, "computed").get(role, {})
        stages = record.seconds.items()
        spent = sum(seconds for stage, seconds in stages if stage.startswith(f"{role}: "))
        yield (
            f"  {plain(role)}: tokens {_token_counts(computed)}; with those from the cache"
            f" {_token_counts(total)}; {format_seconds(spent)}"
        )


def _cost_or_unknown(cost: float | None) -> str:
    return "unknown" if cost is None else format_cost(cost)


def _token_counts(counts: Mapping[str, int]) -> str:
    if counts.get("uncounted") and not (counts["prompt"] or counts["completion"]):
        return "not reported by the server"
    reasoning = counts.get("reasoning", 0)
    of_these = f" ({reasoning:,} reasoning)" if reasoning else ""
    return (
        f"{counts.get('prompt', 0):,} prompt, {counts.get('completion', 0):,} completion{of_these}"
    )


def _environment(record: RunRecord) -> str:
    env = record.environment
    stored = env.get("versions")
    versions = stored if isinstance(stored, dict) else {}
    libraries = [f"{n} {versions[n]}" for n in ("mmbench", "python", "torch") if n in versions]
    places = [str(env[key]) for key in ("endpoint", "device", "platform") if env.get(key)]
    server = env.get("server")
    facts = server if isinstance(server, dict) else {}
    places += [f"server's {name} {facts[name]}" for name in ("model", "version") if name in facts]
    commit = [f"git {env['git']}"] if env.get("git") else []
    return ", ".join([*places, *libraries, *commit])


def _flat(values: dict[str, object]) -> str:
    return plain(", ".join(f"{key} {value}" for key, value in values.items()), 400)
