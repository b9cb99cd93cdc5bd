"""The cost of two runs, in a table of a comment: time, tokens and price."""

from __future__ import annotations

from collections.abc import Iterator

from mmbench.reports.pull_request.tables import table_lines
from mmbench.text.github_markdown import github_text
from mmbench.text.number_format import format_cost, format_rate, format_seconds
from mmbench.types import RunRecord

_NONE = "n/a"


def cost_lines(records: tuple[RunRecord, RunRecord]) -> Iterator[str]:
    """Yield the details on the cost of a baseline and a candidate, as their records have it.

    Outputs from the cache cost nothing in the run itself, so they are shown next to the time.
    """
    rows = [
        ("time", [format_seconds(sum(record.seconds.values())) for record in records]),
        ("outputs", list(map(_outputs, records))),
        ("speed", list(map(_speed, records))),
        ("tokens", list(map(_tokens, records))),
        ("price", list(map(_price, records))),
    ]
    known = [[name, *cells] for name, cells in rows if set(cells) != {_NONE}]
    yield "<details><summary>Cost of both runs</summary>"
    yield ""
    yield from table_lines(["", "baseline", "candidate"], known, numbers=(1, 2))
    yield from ("", "</details>", "")


def _outputs(record: RunRecord) -> str:
    counts = record.counts
    if not counts.get("requests"):
        return _NONE
    return f"{counts.get('computed', 0):,} computed, {counts.get('cached', 0):,} from the cache"


def _speed(record: RunRecord) -> str:
    rates = [f"{format_rate(rate)} {unit}" for unit, rate in record.throughput.items()]
    return github_text(", ".join(rates)) or _NONE


def _tokens(record: RunRecord) -> str:
    """Return the tokens of all outputs, including those from the cache."""
    tokens = record.tokens.get("all", {})
    if not (tokens.get("prompt") or tokens.get("completion")):
        return _NONE
    return f"{tokens.get('prompt', 0):,} prompt, {tokens.get('completion', 0):,} completion"


def _price(record: RunRecord) -> str:
    """Return the price of the run, and without the cache if this differs."""
    if not record.cost:
        return _NONE
    computed, whole = (
        "unknown" if amount is None else format_cost(amount)
        for amount in (record.cost.get("computed"), record.cost.get("all"))
    )
    return computed if computed == whole else f"{computed} (without the cache {whole})"
