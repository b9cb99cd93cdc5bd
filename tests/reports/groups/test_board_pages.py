"""The pages of groups on a board: written on request, and kept up to date by each build."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from mmbench.cli import main
from mmbench.errors import UserError
from mmbench.reports import board
from mmbench.task_groups import GroupTask, TaskGroup
from tests.support.boards import model_info, record, task_info, write_record_alone
from tests.support.files import write_file

GROUP = TaskGroup("g", (GroupTask("t"), GroupTask("u")))
GROUP_FILE = "tasks: [shapes-retrieval, shapes-zeroshot]\n"


def write(out: Path, task: str, value: float, model: str = "m") -> None:
    place = replace(task_info(fingerprint=task, data_hash=task), name=task)
    made = record(f"{task}-{model}", value, task=place, model=model_info(model))
    write_record_alone(out, made)


def page(out: Path, group: str = "g") -> str:
    return (out / f"group-{group}.md").read_text()


def test_a_page_is_written_on_request(tmp_path: Path) -> None:
    write(tmp_path, "t", 0.5)
    assert board.build(str(tmp_path)).pages == [str(tmp_path / "t.md")]
    built = board.build(str(tmp_path), groups=[GROUP])
    assert built.pages[-1] == str(tmp_path / "group-g.md")
    assert page(tmp_path).startswith("# Group g\n")
    assert "- m has no mean: no comparable run of u\n" in page(tmp_path)
    assert "Groups of tasks: [g](group-g.md)." in (tmp_path / "README.md").read_text()


def test_each_build_keeps_the_pages_up_to_date(tmp_path: Path) -> None:
    """Also that of a task alone, as after `mmbench run -t TASK`."""
    write_file(tmp_path / "groups" / "g.yaml", GROUP_FILE)
    out, folders = tmp_path / "board", [str(tmp_path)]
    group = TaskGroup("g", (GroupTask("shapes-retrieval"), GroupTask("shapes-zeroshot")))
    write(out, "shapes-retrieval", 0.2)
    board.build(str(out), groups=[group])
    write(out, "shapes-zeroshot", 0.6)
    board.build(str(out), ["shapes-zeroshot"], task_folders=folders)
    assert "| m | 0.4000 |" in page(out)
    write(out, "shapes-zeroshot", 1.0, "n")
    assert main(["leaderboard", "build", "--out", str(out), "--tasks", str(tmp_path)]) == 0
    assert "- n has no mean: no comparable run of shapes-retrieval\n" in page(out)


def test_a_page_of_a_person_stays(tmp_path: Path) -> None:
    write(tmp_path, "t", 0.5)
    write_file(tmp_path / "group-nano.md", "my notes")
    built = board.build(str(tmp_path))
    assert (page(tmp_path, "nano"), built.stale) == ("my notes", [])
    assert "Groups of tasks" not in (tmp_path / "README.md").read_text()
    with pytest.raises(UserError, match=r"group-g\.md: a file that .* has not made"):
        write_file(tmp_path / "group-g.md", "my notes")
        board.build(str(tmp_path), groups=[GROUP])


def test_a_page_of_an_unknown_group_stays_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "t", 0.5)
    board.build(str(tmp_path), groups=[GROUP])
    before = page(tmp_path)
    write(tmp_path, "u", 0.7)
    (message,) = board.build(str(tmp_path)).stale
    assert message.startswith("group-g.md was not built again: unknown group 'g'")
    assert page(tmp_path) == before
    assert main(["leaderboard", "build", "--out", str(tmp_path)]) == 0
    assert "warning: group-g.md was not built again" in capsys.readouterr().err


def test_the_page_of_a_task_is_never_that_of_a_group(tmp_path: Path) -> None:
    write(tmp_path, "group-g", 0.5)
    with pytest.raises(UserError, match=r"group-g\.md is the page of a task"):
        board.build(str(tmp_path), groups=[GROUP])
    assert board.build(str(tmp_path)).stale == []
    assert "# group" in page(tmp_path)
