"""Own data, and the command `mmbench score` with results of other harnesses."""

import pytest

from tests.predictions.harnesses.own_data import CHOICES, QUESTIONS
from tests.support.command_line import refusal, run_record
from tests.support.files import write_lines


@pytest.fixture
def answers(tmp_path):
    return write_lines(tmp_path / "data.jsonl", *QUESTIONS)


@pytest.fixture
def choices(tmp_path):
    return write_lines(tmp_path / "choices.jsonl", *CHOICES)


@pytest.fixture
def scored(capsys, tmp_path):
    """Run `mmbench score` and return the record."""

    def run(task, path, data, *flags, code=0):
        files = ("--predictions", str(path), "--data", str(data), "--out", str(tmp_path / "board"))
        return run_record(capsys, "score", "-t", task, *files, *flags, code=code)

    return run


@pytest.fixture
def refused(capsys, tmp_path):
    """Run `mmbench score` and return its error, which has to be one line."""

    def run(task, path, data, *flags):
        files = ("--predictions", str(path), "--data", str(data), "--out", str(tmp_path / "board"))
        message = refusal(capsys, "score", "-t", task, *files, *flags)
        assert message.count("\n") == 1, message
        return message

    return run
