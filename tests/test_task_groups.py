"""Groups of tasks are YAML files, which are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.comparison.groups.scales import GroupColumn, mixed_scales
from mmbench.engine.score_names import score_info
from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.spec import load_task
from mmbench.task_groups import GroupTask, group_files, load_group
from tests.support.files import write_file

TASKS = "tasks: [shapes-retrieval, shapes-zeroshot]\n"


@pytest.mark.parametrize("name", sorted(group_files()))
def test_the_scores_of_a_packaged_group_have_a_mean(name: str) -> None:
    group = load_group(name)
    assert group.summary
    scores = [one.score or load_task(one.task).headline for one in group.tasks]
    columns = [
        GroupColumn("t", score, 1, better=info.better)
        for score in scores
        if (info := score_info(score))
    ]
    assert len(columns) == len(group.tasks)
    assert mixed_scales(columns) == ""


def test_a_group_has_weights_scores_and_perturbed_tasks(tmp_path: Path) -> None:
    text = """summary: mine
tasks:
- shapes-retrieval
- {task: shapes-retrieval, score: "mrr[text-to-image]", weight: 2}
- shapes-zeroshot+noise:3
"""
    write_file(tmp_path / "groups" / "mine.yaml", text)
    group = load_group("group:mine", [str(tmp_path)])
    assert (group.name, group.summary) == ("mine", "mine")
    assert group.tasks == (
        GroupTask("shapes-retrieval"),
        GroupTask("shapes-retrieval", "mrr[text-to-image]", 2.0),
        GroupTask("shapes-zeroshot+noise:3"),
    )
    assert group.tasks[2].recorded == "shapes-zeroshot+noise-3"
    assert load_group(str(tmp_path / "groups" / "mine.yaml")) == group


def test_a_folder_of_tasks_comes_first(tmp_path: Path) -> None:
    write_file(tmp_path / "groups" / "nano.yaml", f"summary: other\n{TASKS}")
    assert load_group("nano", [str(tmp_path)]).summary == "other"
    assert load_group("nano").summary != "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tasks: [shapes-retrieval]", "a group has at least two tasks"),
        ("summary: x", "missing key tasks"),
        (f"{TASKS}mean: macro", "unknown key .*'mean'"),
        ("tasks: [shapes-retrieval, shapes-retrieval]", r"shapes-retrieval recall.* listed twice"),
        (
            "tasks: [shapes-zeroshot, {task: shapes-zeroshot, score: accuracy@1}]",
            "shapes-zeroshot accuracy@1 is listed twice",
        ),
        ("tasks: [shapes-retrieval, 3]", "a task is a name, or a mapping"),
        ("tasks: [shapes-retrieval, {task: pope, weight: 0}]", "weight of pope is 0.0; give one"),
        ("tasks: [shapes-retrieval, {task: pope, weight: .inf}]", "weight of pope is inf"),
        ("tasks: [shapes-retrieval, {task: pope, wait: 1}]", "unknown key .*'wait'"),
        ("tasks: [shapes-retrieval, shapes-retreival]", "did you mean shapes-retrieval"),
        ("tasks: [shapes-retrieval, tasks/pope.yaml]", "give the name of a task, not a path"),
        (
            "tasks: [shapes-retrieval, 'group:mine']",
            "mine.yaml: group:mine: a group has tasks",
        ),
        (f"{TASKS}name: a/b", "invalid group name 'a/b'"),
    ],
)
def test_an_invalid_group_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = write_file(tmp_path / "mine.yaml", text)
    with pytest.raises(UserError, match=message):
        load_group(str(file))


def test_an_unknown_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean nano"):
        load_group("group:nanno")
    with pytest.raises(SpecError, match="no such file of a group"):
        load_group(f"group:{tmp_path}/x.yaml")


def test_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "groups"]) == 0
    assert main(["show", "group", "nano"]) == 0
    output = capsys.readouterr().out
    assert "nano " in output
    assert "tasks: [shapes-retrieval, shapes-zeroshot]" in output
