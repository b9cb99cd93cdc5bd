"""An error of the user is one line, whatever the names in its message contain."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from mmbench.errors import ColumnsNeeded, DataError, SpecError, UnknownName, UserError
from tests.support.command_line import refusal

BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.mark.parametrize("error", [UserError, SpecError, DataError, ColumnsNeeded])
def test_line_breaks_in_a_message_are_escaped(error: type[UserError]) -> None:
    assert str(error("a\nb: no such folder")) == r"a\nb: no such folder"
    assert len(str(error(f"x{BREAKS}y")).splitlines()) == 1


def test_line_breaks_in_an_unknown_name_are_escaped() -> None:
    assert len(str(UnknownName("task", "a\u2028b", ["a b"], "x\ny")).splitlines()) == 1


def test_an_error_may_list_several_lines() -> None:
    error = DataError("several runs:", "a\nb", "c")
    assert str(error).split("\n") == ["several runs:", r"a\nb", "c"]
    assert str(pickle.loads(pickle.dumps(DataError(r"one\nline")))) == r"one\nline"


def test_an_error_with_other_lines_keeps_its_type_and_attributes() -> None:
    error = ColumnsNeeded("unclear", "text=title").with_lines("first", "sec\nond")
    assert isinstance(error, ColumnsNeeded)
    assert (error.columns, str(error)) == ("text=title", "first\nsec\\nond")


def test_a_folder_with_a_line_break_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a\nb"
    folder.mkdir()
    command = ["run", "-m", "random", "-t", "labels", "--quiet", "--out", str(tmp_path / "out")]
    for place in (folder, folder / "missing"):
        lines = refusal(capsys, *command, "--data", str(place)).splitlines()
        assert r"a\nb" in lines[0]
        assert [line for line in lines if "b" in line and "mmbench: error" not in line] == []
