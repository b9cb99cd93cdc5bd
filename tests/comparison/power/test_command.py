"""`mmbench power` and `mmbench.power`."""

import inspect
import json
import re
from pathlib import Path

import pytest

import mmbench
from mmbench.cli import main
from mmbench.cli.parser import make_parser
from tests.comparison.power.test_plan import two
from tests.support.boards import coins, write_run
from tests.support.command_line import refusal


def printed(capture: pytest.CaptureFixture[str], *command: str) -> str:
    assert main(["power", *command]) == 0
    return capture.readouterr().out


def test_a_plan_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two(tmp_path)
    text = printed(capsys, "-t", "t", "--difference", "0.02", "--out", str(tmp_path))
    assert "t: em, 400 samples\nMcNemar, exact, at 5 %, power 80 %\n" in text
    assert re.search(r"The whole set is too small: it finds .* in [12]\d of 100 cases", text)
    assert "  passes, candidate loses half the margin  " in text
    assert "From the only pair:\n  baseline   a\n  candidate  b\n  agreement 0.900" in text
    large = printed(capsys, "-t", "t", "--difference", "0.2", "--out", str(tmp_path))
    assert "The whole set is enough" in large
    assert "Scores of the same runs" not in large


def test_a_plan_as_json_is_the_plan_of_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two(tmp_path)
    command = ("-t", "t", "--difference", "2%", "--power", "0.9", "--out", str(tmp_path), "--json")
    read = json.loads(printed(capsys, *command))
    made = mmbench.power("t", difference="2%", power=0.9, out=tmp_path)
    assert made.needed is not None
    assert read["needed"]["samples"] == made.needed.samples
    assert (read["power"], read["detectable"]) == (0.9, made.detectable)


def test_python_has_the_arguments_of_the_command() -> None:
    flags = vars(make_parser().parse_args(["power"]))
    flags = {
        flag: value for flag, value in flags.items() if flag not in ("command", "module", "json")
    }
    parameters = inspect.signature(mmbench.power).parameters
    assert {name: one.default for name, one in parameters.items()} == flags


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "nothing to plan from"),
        (["--accuracy", "0.75", "--difference", "x"], "write a number in the unit of the metric"),
        (["-t", "nowhere"], "has no runs"),
    ],
)
def test_refusals(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "a", {"em": coins(20, 0.5)})
    assert message in refusal(capsys, "power", *flags, "--out", str(tmp_path))
