"""RTFx of runs: the sound that was heard over the time that it took, as a column of boards."""

from __future__ import annotations

from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
import soundfile

import mmbench
from mmbench.cli.output.board_table import board_table
from mmbench.engine.options import RunSettings
from mmbench.engine.rescore import rescore
from mmbench.engine.run import run
from mmbench.reports import board
from mmbench.reports.cells import header_and_rows
from mmbench.reports.sections import sections
from mmbench.reports.tables import to_csv
from mmbench.storage import records as store
from mmbench.text.number_format import format_number
from mmbench.types import GeneratedText
from tests.support.boards import board_rows

SECONDS, SLEEP = 2.0, 0.05  # of sound in each file; of computing for each


@mmbench.register("model", "toy-recogniser")
class Recogniser:
    """Takes a known time for each sound, so that the bounds of its RTFx are known."""

    modalities = frozenset({"audio"})
    identity = "toy"

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        pass

    def write(self, conversations: list[Any], options: object) -> list[GeneratedText]:
        sleep(SLEEP * len(conversations))
        return [GeneratedText("yes")] * len(conversations)


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    folder.mkdir()
    for name in ("a", "b"):
        tone = np.sin(np.arange(int(8000 * SECONDS)) / (20 + len(list(folder.iterdir()))))
        soundfile.write(folder / f"{name}.wav", tone, 8000)
    lines = [f'{{"id": "{n}", "audio": "{n}.wav", "text": "yes"}}\n' for n in ("a", "b")]
    (folder / "data.jsonl").write_text("".join(lines))
    return folder


def ran(folder: Path, task: str = "transcripts", model: str = "toy-recogniser") -> Any:
    options = RunSettings(data=folder / "data.jsonl", device="cpu", tasks=(str(folder),))
    return run(model, task, options)


def test_a_run_measures_it_and_the_board_shows_it(sounds: Path, tmp_path: Path) -> None:
    """4 s of sound in at least .1 s of computing: more than 0, and at most 40 times real time."""
    first, again = ran(sounds), ran(sounds)
    assert 0 < first.record.throughput["RTFx"] <= SECONDS / SLEEP
    assert first.record.scores == again.record.scores  # a time is no score
    assert first.rows == again.rows
    assert not any("rtfx" in note for note in first.record.notes)
    assert "rtfx is n/a: the run computed no output" in "".join(again.record.notes)
    for outcome, shown in ((first, format_number(first.record.throughput["RTFx"])), (again, "n/a")):
        store.write_record(tmp_path, outcome.record, outcome.rows)
        board.build(str(tmp_path))
        header, rows = header_and_rows(sections(store.read_records(tmp_path))[0])
        assert dict(zip(header, rows[0], strict=True))["rtfx"] == shown
        page = (tmp_path / "transcripts.md").read_text()
        assert "| rtfx |" in page
        assert "seconds of audio per second of computing" in page
        assert "rtfx" in "\n".join(board_table([outcome.record], 200))
    assert {row["rtfx"] for row in board_rows(tmp_path / "transcripts.csv")} == {""}


def test_only_what_was_computed_counts(sounds: Path) -> None:
    """After one of two files changed, the RTFx is that of one file, at most 40 as before."""
    ran(sounds)
    soundfile.write(sounds / "b.wav", np.zeros(int(8000 * SECONDS)), 8000)
    record = ran(sounds).record
    assert record.counts["computed"] == 1
    assert 0 < record.throughput["RTFx"] <= SECONDS / SLEEP


def test_a_task_that_lists_the_metric_has_the_time_of_the_run(sounds: Path) -> None:
    (sounds / "timed.yaml").write_text(
        "include: transcripts\nmetrics: ['wer[basic]', rtfx]\nheadline: wer[basic]\n"
    )
    first = ran(sounds, "timed").record
    assert first.scores["rtfx"].value == first.throughput["RTFx"]
    header, _ = header_and_rows([first])
    assert header.count("rtfx") == 1
    again = ran(sounds, "timed").record
    assert again.scores["rtfx"].value is None
    assert "all outputs came from the cache" in again.scores["rtfx"].reason


def test_scored_again_it_stays_that_of_the_outputs(sounds: Path, tmp_path: Path) -> None:
    outcome = ran(sounds)
    store.write_record(tmp_path, outcome.record, outcome.rows)
    metrics = ("wer[none]", "rtfx")
    again = rescore(outcome.record.run, out=str(tmp_path), metrics=metrics).record
    assert again.throughput["RTFx"] == outcome.record.throughput["RTFx"]
    assert again.scores["rtfx"].value == outcome.record.throughput["RTFx"]


def test_other_boards_have_no_such_column(sounds: Path) -> None:
    """Neither those where no model ran, nor those of tasks that do not recognise speech."""
    baseline = ran(sounds, model="constant").record
    header, _ = header_and_rows([baseline])
    assert "rtfx" not in header
    assert "rtfx" not in to_csv([[baseline]]).partition("\n")[0]
