"""The parts of a word error rate in the breakdowns of terminals and pages."""

from __future__ import annotations

from msgspec.structs import replace

from mmbench.cli.output.run_summary import run_summary
from mmbench.reports.charts.selection import breakdown_charts
from mmbench.reports.error_types import error_types
from mmbench.types import RunRecord
from tests.support.boards import plain_score, record

NAMES = [f"{rate}[basic]" for rate in ("wer", "substitution_rate", "deletion_rate")]


def speakers() -> RunRecord:
    """A record with the rates of two speakers; it has no rate of insertions."""
    whole = {name: plain_score(value) for name, value in zip(NAMES, (0.5, 0.3, 0.2), strict=True)}
    ben = {name: plain_score(value) for name, value in zip(NAMES, (0.9, 0.8, 0.1), strict=True)}
    breakdowns = {"speaker": {"ann": whole, "ben": ben}}
    return replace(record(), scores=whole, headline="wer[basic]", breakdowns=breakdowns)


def test_the_parts_have_the_normaliser_of_the_rate() -> None:
    parts = {"substitutions": "substitution_rate[basic]", "deletions": "deletion_rate[basic]"}
    assert error_types("wer[basic]", NAMES) == parts
    assert error_types("wer[none]", NAMES) == error_types("cer[basic]", NAMES) == {}


def test_each_speaker_has_the_parts() -> None:
    lines = [line.split() for line in run_summary(speakers(), 80)]
    at = lines.index(["wer[basic]", "by", "speaker:"])
    assert lines[at + 1 : at + 4] == [
        ["wer", "substitutions", "deletions"],
        ["ann", "0.5000", "0.3000", "0.2000"],
        ["ben", "0.9000", "0.8000", "0.1000"],
    ]
    (chart,) = breakdown_charts(speakers())
    assert "Errors by type: the parts of wer[basic]" in chart
    assert "0.8000" in chart
