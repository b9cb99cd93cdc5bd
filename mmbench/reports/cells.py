"""The cells of a run's row in a table: scores, intervals, bounds and speed."""

from __future__ import annotations

from mmbench.engine import speed
from mmbench.reports.sections import ignores_input, label
from mmbench.text.number_format import decimals, format_interval, format_number
from mmbench.types import RunRecord, ScoreInfo

BRIEF = ("task", "model", "headline", "value", "95 %", "baseline")

BASELINE_LEGEND = "the best baseline that ignores the input, if one was run"


def number(score: ScoreInfo | None) -> str:
    """Return the value of a score as text; `n/a` for a missing score."""
    return format_number(score.value if score else None)


def interval(score: ScoreInfo | None) -> str:
    """Return the 95 % interval of a score as text; `n/a` for a missing score."""
    return format_interval(score.low, score.high) if score else "n/a"


def margin(score: ScoreInfo | None) -> str:
    """Return the distance between a score and the farther end of its 95 % interval, as text.

    Tables in a terminal show it instead of the interval. Return `n/a` if the score or its interval
    is missing.
    """
    if score is None or score.value is None or score.low is None or score.high is None:
        return "n/a"
    wide = max(score.high - score.value, score.value - score.low)
    return format_number(wide, decimals(score.value))


def failed(record: RunRecord) -> str:
    """Return the number of failed samples, with the bounds of the headline that it implies."""
    n = str(record.counts.get("failed", 0))
    within = bounds(record)
    return f"{n} ({within})" if within else n


def bounds(record: RunRecord) -> str:
    """Return the lowest and the highest headline that are possible without failures, as text.

    Return "" if no sample failed.
    """
    score = record.scores.get(record.headline)
    if not record.counts.get("failed", 0) or score is None or score.bounds is None:
        return ""
    low, high = score.bounds
    return f"{record.headline} between {format_interval(low, high).replace(' to ', ' and ')}"


def published(record: RunRecord) -> str:
    """Return the verdict on the headline compared with its published value.

    Return "" if no value was published.
    """
    verdicts = [p.verdict for p in record.published if p.metric == record.headline]
    return verdicts[0] if verdicts else ""


def rtfx_cell(record: RunRecord) -> str:
    """Return the speed of speech recognition (RTFx) as a cell; `n/a` if it was not measured."""
    return format_number(speed.rtfx(record))


def header_and_rows(records: list[RunRecord]) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a Markdown table, as plain text.

    The columns for speed and for published scores exist only if a run has a value.
    """
    metrics = list(records[0].scores)
    timed, known = speed.has_column(records), any(map(published, records))
    times, verdicts = [speed.COLUMN] if timed else [], ["published"] if known else []
    header = ["model", *metrics, "95 % of headline", *times, "failed", *verdicts, "run"]
    rows = [
        [
            label(record),
            *(number(record.scores.get(name)) for name in metrics),
            interval(record.scores.get(record.headline)),
            *([rtfx_cell(record)] if timed else []),
            failed(record),
            *([published(record)] if known else []),
            record.run,
        ]
        for record in records
    ]
    return header, rows


def brief(records: list[RunRecord]) -> list[list[str]]:
    """Return one row, with the columns `BRIEF`, for each model.

    If the records have only baselines, return a row for each baseline. The column `baseline` has
    the headline of the best baseline that ignores the input.
    """
    models = [record for record in records if not record.baseline] or records
    baselines = list(filter(ignores_input, records))
    baseline_value = number(baselines[0].scores.get(baselines[0].headline)) if baselines else ""
    rows = []
    for record in models:
        score = record.scores.get(record.headline)
        about = [record.task.name, label(record), record.headline]
        rows.append([*about, number(score), interval(score), baseline_value])
    return rows
