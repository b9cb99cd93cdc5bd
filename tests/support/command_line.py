"""Commands of mmbench in this process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmbench.cli import main


def refusal(capture: pytest.CaptureFixture[str], *command: str) -> str:
    """Run a command that has to be refused with exit code 2; return what it says on stderr."""
    capture.readouterr()
    assert main(list(command)) == 2
    return capture.readouterr().err


def printed_record(capture: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the only record that a command with `--json` printed."""
    (record,) = json.loads(capture.readouterr().out)
    return dict(record)


def run_record(capture: pytest.CaptureFixture[str], *command: str, code: int = 0) -> dict[str, Any]:
    """Run a command with `--json`, which has to exit with `code`; return the record it prints."""
    capture.readouterr()
    assert main([*command, "--json"]) == code
    return printed_record(capture)
