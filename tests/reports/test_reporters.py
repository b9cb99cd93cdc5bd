"""Reporters by name, and stored runs that are sent to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmbench import registry
from mmbench.cli import main
from mmbench.errors import DataError, UserError
from mmbench.protocols import Rows, StoredSamples
from mmbench.reports.reporters import find_reporters, report_stored
from mmbench.reports.trackers.content import tracked_run
from mmbench.storage.run_lookup import find_run
from mmbench.types import RunRecord


class Keeps:
    """A reporter that keeps what it gets."""

    def __init__(self) -> None:
        self.runs: list[tuple[RunRecord, Rows, StoredSamples | None]] = []

    def __call__(self, record: RunRecord, rows: Rows, samples: StoredSamples | None, /) -> str:
        self.runs.append((record, rows, samples))
        return "kept"


@pytest.fixture
def keeps(plugin_folder: Path) -> Keeps:
    """Register a reporter, and score three answers, of which one is wrong, for it."""
    reporter = Keeps()
    registry.register("reporter", "keeps")(reporter)
    rows = [{"id": n, "question": f"question {n}", "answer": "yes"} for n in range(3)]
    outputs = [{"id": n, "prediction": "yes" if n else "no"} for n in range(3)]
    for name, lines in (("data.jsonl", rows), ("mine.jsonl", outputs)):
        Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    score = ["score", "-t", "answers", "--data", "data.jsonl", "--predictions", "mine.jsonl"]
    assert main([*score, "--out", "board", "--report-to", "keeps"]) == 0
    return reporter


def columns(rows: Rows) -> dict[str, list[Any]]:
    """Return the columns of the rows that hold no lists."""
    return {name: list(values) for name, values in rows.items() if name != "exact_match"}


def test_a_stored_run_is_reported_as_when_it_finished(keeps: Keeps) -> None:
    run = find_run("latest", "board")
    assert report_stored(run, "keeps", find_reporters(["keeps"])["keeps"]) == "kept"
    (first, rows, samples), (second, stored_rows, stored_samples) = keeps.runs
    assert first == second
    assert columns(rows) == columns(stored_rows)
    for table in (samples, stored_samples):
        assert table is not None
        sample = table.get("sample", "0")
        assert sample is not None
        assert sample.texts == {"question": "question 0"}
    finished, stored = (tracked_run(*run) for run in keeps.runs)
    assert finished == stored
    assert finished.worst is not None
    worst = dict(zip(finished.worst.columns, finished.worst.rows[0], strict=True))
    assert (worst["id"], worst["input question"], worst["answer"]) == ("0", "question 0", "no")


def test_a_run_without_its_rows_and_samples(keeps: Keeps) -> None:
    """Repositories keep the records of most boards, and few rows."""
    for file in Path("board/runs/answers").glob("*.parquet"):
        file.unlink()
    run = find_run("latest", "board")
    assert report_stored(run, "keeps", keeps) == "kept"
    assert keeps.runs[-1] == (run.record, {}, None)
    assert tracked_run(*keeps.runs[-1]).worst is None


def test_rows_that_cannot_be_read_are_not_left_out(keeps: Keeps) -> None:
    run = find_run("latest", "board")
    Path(run.folder.path(run.rows_name)).write_bytes(b"PAR1")
    with pytest.raises(DataError, match="not the rows of a run"):
        report_stored(run, "keeps", keeps)


def test_a_name_twice_is_one_reporter(keeps: Keeps) -> None:
    assert find_reporters(["keeps", "keeps, keeps"]) == {"keeps": keeps}
    assert find_reporters([]) == {}


def test_a_location_is_text(keeps: Keeps) -> None:
    run = find_run("latest", "board")
    with pytest.raises(UserError, match="reporter odd returned None; return a path or a URL"):
        report_stored(run, "odd", lambda record, rows, samples: None)  # type: ignore[arg-type, return-value]
