"""Scores as JUnit XML: a test suite for each run.

A CI system shows what went wrong: a published score that was not reproduced and failed samples are
failures, a headline without a value is an error, another score without a value is skipped. All
other scores are tests that pass, with value and interval as output. `mmbench gate --junit` decides
whether a score is good enough, which takes a baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmbench.comparison.junit import JunitCase, JunitSuite, to_xml
from mmbench.reports.exports.caveats import caveats
from mmbench.reports.exports.facts import version_of
from mmbench.reports.exports.options import ExportOptions
from mmbench.reports.exports.result import Exported, write_export
from mmbench.reports.exports.scores import selected
from mmbench.reports.sections import label
from mmbench.storage.records import StoredRun
from mmbench.text import plain
from mmbench.text.number_format import format_interval, format_number
from mmbench.types import PublishedInfo, RunRecord, ScoreInfo

_ROOT = "mmbench export"


def export_junit(runs: Sequence[StoredRun], file: Path | None, options: ExportOptions) -> Exported:
    """Write one file with a suite for each run, and a test for each score."""
    data = to_xml([_suite(run.record, options.metrics) for run in runs], _ROOT)
    marker = f'<testsuites name="{_ROOT}"'.encode()
    return Exported([write_export(file or Path("scores.xml"), data, marker)])


def _suite(record: RunRecord, requested: Sequence[str]) -> JunitSuite:
    scores = selected(record, requested)
    published = [one for one in record.published if one.metric in scores]
    cases = [
        *(_score_case(record, name, score) for name, score in scores.items()),
        *map(_published_case, published),
        *_failure_case(record),
    ]
    return JunitSuite(
        f"{record.task.name}: {label(record)}",
        cases,
        record.created[:19],
        sum(record.seconds.values()),
        dict(_properties(record)),
    )


def _properties(record: RunRecord) -> Iterator[tuple[str, str]]:
    task = record.task
    yield "run", record.run
    yield "task version", str(task.version)
    yield "data hash", task.data_hash
    yield "model hash", record.model.hash
    yield "mmbench", version_of(record)
    for at, caveat in enumerate(caveats(record), 1):
        yield f"caveat {at}", caveat


def _score_case(record: RunRecord, name: str, score: ScoreInfo) -> JunitCase:
    if score.value is None:
        outcome = "error" if name == record.headline else "skipped"
        return JunitCase("scores", name, outcome, f"no value: {plain(score.reason) or 'n/a'}")
    interval = format_interval(score.low, score.high)
    text = f"{format_number(score.value)} (95 % {interval}, n = {score.n:,}); {score.signature}"
    return JunitCase("scores", name, "", text)


def _published_case(known: PublishedInfo) -> JunitCase:
    """Return the test whether a published score was reproduced; skipped if not comparable."""
    by = f" of {known.model}" if known.model else ""
    text = (
        f"published {known.value:g}{by}, measured {format_number(known.measured)}, tolerance"
        f" {known.tolerance:g}: {known.verdict}"
    )
    words = {"reproduced": "", "not comparable": "skipped"}
    return JunitCase(
        "published", known.metric, words.get(known.verdict.split(":")[0], "failure"), text
    )


def _failure_case(record: RunRecord) -> list[JunitCase]:
    failed = record.counts["failed"]
    text = next((caveat for caveat in caveats(record) if "failed" in caveat), "no sample failed")
    return [JunitCase("samples", "every sample was evaluated", "failure" if failed else "", text)]
