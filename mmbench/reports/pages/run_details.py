"""The sections of a run's page on data, failures, cost, environment, and how to repeat the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mmbench.reports.command import repeat_command
from mmbench.reports.index_tables import index_reports
from mmbench.reports.pages.board_tables import data_statement
from mmbench.reports.pages.cells import badge
from mmbench.reports.pages.html import Content, Html, element
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.text import count, format_sizes
from mmbench.text.number_format import (
    format_cost,
    format_percent,
    format_rate,
    format_seconds,
)
from mmbench.types import RunRecord

Facts = Iterable[tuple[Content, Content]]


def facts_list(facts: Facts) -> Html:
    """Return facts as a list of names with their values."""
    pairs = [[element("dt", name), element("dd", value)] for name, value in facts]
    return element("dl", pairs, class_="facts")


def contents(links: Sequence[tuple[str, str]]) -> Html:
    """Return links to the sections of a page, given their ids and titles."""
    items = [element("li", element("a", text, href=f"#{ident}")) for ident, text in links]
    return element("nav", element("ul", items), class_="contents", aria_label="On this page")


def data_section(record: RunRecord) -> Html:
    """Return whether the data are the official set, and what identifies task and data."""
    task, statement = record.task, data_statement(record)
    facts: list[tuple[str, Content]] = [
        ("Set", [badge(statement), " ", statement.details]),
        ("Samples", format_sizes(task.data)),
        *([("Official set", _protocol(task.protocol))] if task.protocol else []),
        *((name.capitalize(), text) for name, text in task.source.items() if name != "doubt"),
        ("Data hash", element("code", task.data_hash)),
        ("Task fingerprint", element("code", task.fingerprint)),
    ]
    if task.max_tokens is not None:
        facts.append(("Answer limit", f"{count(task.max_tokens, 'token')} (--max-tokens)"))
    return facts_list(facts)


def _protocol(protocol: Mapping[str, int]) -> str:
    sizes = {role: n for role, n in protocol.items() if role != "splits"}
    splits = protocol.get("splits", 1)
    return format_sizes(sizes) + (f" in {splits} splits" if splits > 1 else "")


def failures_section(record: RunRecord) -> Content:
    """Return a table of the failed samples that the record lists; None without failures."""
    failed = record.counts.get("failed", 0)
    if not failed:
        return None
    rows = [Row([Cell(ident), Cell(reason)]) for ident, reason in record.failures]
    number = f"the first {len(rows)} of {failed:,}" if failed > len(rows) else f"{failed:,}"
    note = (
        "Failed samples are not part of the scores. The table of scores has the range that each"
        " score would have with these samples."
    )
    return [
        element("p", note),
        table(f"Failed samples ({number})", [Column("sample"), Column("reason")], rows),
    ]


def notes_section(record: RunRecord) -> Content:
    """Return the notes of the record, and the reports of approximate searches; None if none."""
    index = [f"index {name}: {_flat(report)}" for name, report in index_reports(record).items()]
    notes = [*record.notes, *index]
    return element("ul", [element("li", note) for note in notes]) if notes else None


def repeat_section(record: RunRecord) -> Html:
    """Return the command that repeats the run, and what the record does not know."""
    command = repeat_command(record)
    missing = [element("li", sentence) for sentence in command.missing]
    return element("div", element("pre", element("code", command.text)), element("ul", missing))


def cost_section(record: RunRecord) -> Html:
    """Return seconds by stage, throughput, tokens and cost."""
    counts = record.counts
    facts: list[tuple[str, Content]] = [
        ("Total time", format_seconds(sum(record.seconds.values())))
    ]
    if counts.get("requests"):
        computed = (
            f"{counts.get('computed', 0):,} computed, {counts.get('cached', 0):,} from the cache"
        )
        facts.append(("Requests", f"{counts['requests']:,}: {computed}"))
    facts += [
        ("Throughput", f"{format_rate(rate)} {unit}") for unit, rate in record.throughput.items()
    ]
    facts += [*_tokens(record), *_cost(record)]
    return element("div", facts_list(facts), _stages(record.seconds))


def _stages(seconds: Mapping[str, float]) -> Content:
    if not seconds:
        return None
    total = sum(seconds.values()) or 1.0
    rows = [
        Row([Cell(name), Cell(f"{value:.2f}", value), Cell(format_percent(value / total), value)])
        for name, value in seconds.items()
    ]
    columns = [Column("stage"), Column("seconds", number=True), Column("share", number=True)]
    return element("div", table("Time by stage", columns, rows), class_="narrow")


_TOKEN_NAMES = {"prompt": "prompt", "completion": "completion", "reasoning": "of these reasoning"}


def _tokens(record: RunRecord) -> Iterator[tuple[str, Content]]:
    names = {"computed": "Tokens of this run", "all": "Tokens with the cache"}
    for key, counts in record.tokens.items():
        role, _, scope = key.rpartition(" ")  # "judge all"
        name = f"{names.get(scope, scope)}{f', {role}' if role else ''}"
        parts = [
            f"{counts[kind]:,} {text}" for kind, text in _TOKEN_NAMES.items() if counts.get(kind)
        ]
        if parts and counts.get("uncounted"):
            parts.append(f"prompts of {count(counts['uncounted'], 'output')} not counted")
        if parts:
            yield name, ", ".join(parts)


def _cost(record: RunRecord) -> Iterator[tuple[str, Content]]:
    if not record.cost:
        return
    names = {"computed": "Cost of this run", "all": "Cost without the cache"}
    for key, name in names.items():
        amount = record.cost.get(key)
        yield name, "unknown" if amount is None else format_cost(amount)
    prompt, completion = record.cost["price"]
    yield (
        "Price",
        f"{prompt:g} per million prompt tokens, {completion:g} per million completion tokens",
    )


def environment_section(record: RunRecord) -> Html:
    """Return the machine, the software and the settings of the run."""
    model, env = record.model, record.environment
    facts: list[tuple[str, Content]] = [
        ("Adapter", f"{model.adapter}, {model.dtype}"),
        ("Model hash", element("code", model.hash or "none")),
        *([("Revision", element("code", model.revision))] if model.revision else []),
        *([("Options", _flat(model.options))] if model.options else []),
        ("Seed", str(record.seed)),
        *(
            (name.capitalize(), _value(value))
            for name, value in env.items()
            if name != "versions" and value
        ),
    ]
    versions = env.get("versions")
    if isinstance(versions, dict) and versions:
        facts.append(("Versions", _flat(versions, " ")))
    return facts_list(facts)


def _value(value: Any) -> str:
    return _flat(value) if isinstance(value, dict) else str(value)


def _flat(values: Mapping[str, Any], between: str = " = ") -> str:
    return ", ".join(f"{key}{between}{value}" for key, value in values.items())
