"""MathVista's answers in a run, copied out of the responses by a model."""

from pathlib import Path

import pytest

from tests.support.boards import stored_rows
from tests.support.command_line import run_record
from tests.support.files import write_lines
from tests.support.layouts import benchmarks
from tests.support.paths import ROOT

PLUGIN = str(ROOT / "tests/support/judges.py")
LLM, RULES = "mathvista_accuracy[llm]", "mathvista_accuracy[rules]"
OUTPUTS = {"1": "so it is 1.23", "2": "it is (C)", "3": "unknown", "4": "B"}


def test_the_extractor_is_asked_for_what_the_rules_do_not_read(
    plugin_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmarks.mathvista(plugin_folder / "data")
    rows = [{"id": ident, "value": text} for ident, text in OUTPUTS.items()]
    outputs = write_lines(plugin_folder / "out.jsonl", *rows)
    command = ["score", "-t", "mathvista", "--predictions", str(outputs), "--quiet"]
    data = ["--data", str(plugin_folder / "data"), "--plugin", PLUGIN]
    record = run_record(capsys, *command, *data, "--judge", "toy-extractor")
    score = record["scores"][LLM]
    assert score["value"] == 3 / 4 and record["scores"][RULES]["value"] == 3 / 4
    assert score["reason"] == "no answer was extracted from 1 text; wrong"
    assert "extraction=llm,extractor-prompt=1" in score["signature"]
    assert "features=toy-extractor#" in score["signature"]
    stored = stored_rows(Path("leaderboards"), record["run"])
    answers = {row["id"]: row[f"{LLM}:answer"] for row in stored}
    assert answers == {"1": "1.2", "2": "18", "3": "", "4": "B"}


@pytest.mark.slow
def test_without_an_extractor_the_rules_have_a_value(
    plugin_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmarks.mathvista(plugin_folder / "data")
    rows = [{"id": ident, "value": text} for ident, text in OUTPUTS.items()]
    outputs = write_lines(plugin_folder / "out.jsonl", *rows)
    command = ["score", "-t", "mathvista", "--predictions", str(outputs), "--quiet"]
    record = run_record(capsys, *command, "--data", str(plugin_folder / "data"), code=4)
    assert record["scores"][LLM]["value"] is None and record["scores"][RULES]["value"] == 3 / 4
