"""The page of a group in a report: its table, its links, and that it is complete at any width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from mmbench.cli import main
from mmbench.reports.groups.site_page import group_body, groups_section
from mmbench.reports.groups.table import group_table
from mmbench.reports.pages.html import join
from mmbench.task_groups import GroupTask, TaskGroup
from mmbench.types import RunRecord
from tests.reports.pages.test_html import HOSTILE, Parsed
from tests.reports.test_report import broken_links
from tests.support.boards import coins, model_info, plain_score, record, task_info, write_run
from tests.support.browser import OpenPage, overflowing
from tests.support.command_line import refusal
from tests.support.files import write_file
from tests.support.markup import structure_faults

TASKS = ("shapes-retrieval", "shapes-zeroshot")


def run(task: str, value: float, model: str = "m", **changes: object) -> RunRecord:
    place = replace(task_info(fingerprint=task, data_hash=task), name=task)
    score = plain_score(value, low=value - 0.1, high=value + 0.1)
    return record(f"{task}-{model}", model=model_info(model), task=place,
                  scores={"recall@1": score}, **changes)  # fmt: skip


def body(*runs: RunRecord) -> str:
    records: dict[str, list[RunRecord]] = {}
    for one in runs:
        records.setdefault(one.task.name, []).append(one)
    found = group_table(TaskGroup("g", (GroupTask("a"), GroupTask("b")), "<mine>"), records)
    section = groups_section([found], lambda name: f"groups/{name}.html")
    hrefs = group_body(found, lambda task, one: f"{task}/{one}", lambda task: f"t/{task}")
    return join([section, hrefs])


def test_the_page_has_means_scores_and_links() -> None:
    parsed = Parsed(body(run("a", 0.2), run("b", 0.6), run("a", 0.9, "other")))
    for words in ("0.4000", "[0.3293 to 0.4707]", "1 of 2", "n/a", "<mine>",
                  "other has no mean: no comparable run of b"):  # fmt: skip
        assert words in parsed.text
    links = {attributes["href"] for tag, attributes in parsed.tags if tag == "a"}
    assert links == {"a/a-m", "b/b-m", "a/a-other", "t/a", "t/b", "groups/g.html"}
    sorted_by = [a["data-value"] for tag, a in parsed.tags if "number" in (a.get("class") or "")
                 and "data-value" in a]  # fmt: skip
    assert sorted_by[:3] == ["2", "0.4", "0.4"]  # the overview, then the page


def test_the_best_model_comes_before_better_baselines() -> None:
    oracle = [run(task, 0.9, "oracle", baseline="oracle") for task in "ab"]
    parsed = Parsed(body(*oracle, run("a", 0.2), run("b", 0.6)))
    assert re.search(r"Best model\s*m\s*Mean\s*0\.4000", parsed.text)
    assert re.search(r"Best baseline\s*oracle", Parsed(body(*oracle)).text)


@pytest.mark.parametrize("text", HOSTILE)
def test_names_of_models_are_texts(text: str) -> None:
    parsed = Parsed(body(run("a", 0.2, text), run("b", 0.6, text)))
    assert "script" not in {tag for tag, _ in parsed.tags}
    assert parsed.text.replace("\u200b", "").count(text) >= 2


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work next to a board on which the model m has both tasks of the group nano, and n has one."""
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "leaderboards"
    for task, model, share in ((TASKS[0], "m", 0.8), (TASKS[1], "m", 0.6), (TASKS[0], "n", 0.5)):
        place = replace(task_info(fingerprint=task, data_hash=task), name=task)
        values = {"recall@1": coins(60, share)}
        write_run(out, f"{task}-{model}", values, task=place, model=model_info(model))
    return out


def test_a_report_has_the_groups_of_which_a_model_has_all_tasks(board: Path) -> None:
    assert main(["report", "--quiet"]) == 0
    site = board / "site"
    assert [path.name for path in (site / "groups").iterdir()] == ["nano.html"]
    assert broken_links(site) == []
    text = (site / "groups" / "nano.html").read_text(encoding="utf-8")
    assert structure_faults(text) == []
    assert "n has no mean: no comparable run of shapes-zeroshot" in text
    assert 'href="groups/nano.html"' in (site / "index.html").read_text(encoding="utf-8")


def test_a_report_of_a_group_has_its_tasks(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "tasks: [shapes-retrieval, shapes-zeroshot, shapes-vqa]"
    write_file(board.parent / "groups" / "mine.yaml", text)
    write_file(board.parent / "groups" / "broken.yaml", "tasks: [shapes-retrieval]")
    assert main(["report", "-t", "group:mine", "--site", "site", "--quiet"]) == 0
    page = Path("site/groups/mine.html").read_text(encoding="utf-8")
    assert "m, n have no mean" in page or "m has no mean: no comparable run of shapes-vqa" in page
    assert main(["report", "--quiet"]) == 0  # without the incomplete group
    assert not (board / "site/groups/mine.html").exists()
    assert "a group has at least two tasks" in capsys.readouterr().err
    flags = ("report", "latest", "-t", "group:nano")
    assert "leave out RUN" in refusal(capsys, *flags)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_sorts_and_fits(board: Path, open_page: OpenPage, width: int) -> None:
    assert main(["report", "--quiet"]) == 0
    view = open_page(board / "site/groups/nano.html", width=width)
    assert overflowing(view) == []
    models = view.get_by_role("table").filter(has_text="best mean first").first
    rows = lambda: [row.inner_text().split()[0] for row in models.get_by_role("row").all()[1:]]  # noqa: E731
    assert rows() == ["m", "n"]
    models.get_by_role("button", name="model").click()
    models.get_by_role("button", name="model").click()
    assert rows() == ["n", "m"]
    models.get_by_role("button", name="mean").click()
    assert rows() == ["m", "n"]  # a missing mean is last
