"""`mmbench report`: which pages it writes, that all links lead to files, and what it refuses."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from mmbench.cli import main
from tests.reports.pages.test_overview import task_named
from tests.support.boards import coins, model_info, write_run
from tests.support.browser import OpenPage, follow, overflowing
from tests.support.command_line import refusal
from tests.support.markup import structure_faults

_TARGET = re.compile(r'(?:href|src)="(?!data:|https?:)([^"#]+)')


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work next to a board with two tasks, checkpoints of one model, and a baseline."""
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "leaderboards"
    for step, share in ((100, 0.5), (200, 0.52), (300, 0.8)):
        model = model_info("m", checkpoint=f"runs/a/step-{step}", hash=f"{step}")
        values = {"acc": coins(400, share)}
        write_run(out, f"r{step}", values, model=model, task=task_named("qa"))
    write_run(out, "r4", {"acc": coins(400, 0.3)}, task=task_named("qa"), baseline="constant",
              name="constant")  # fmt: skip
    write_run(out, "r5", {"acc": coins(400, 0.7)}, task=task_named("colours"))
    return out


def report(*args: str) -> None:
    assert main(["report", "--quiet", *args]) == 0


def pages_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))


def broken_links(folder: Path) -> list[str]:
    """Return the relative targets of all pages of a site that are no files in it."""
    return [
        f"{name}: {target}"
        for name in pages_in(folder)
        for target in _TARGET.findall((folder / name).read_text(encoding="utf-8"))
        if not ((folder / name).parent / unquote(unescape(target))).is_file()
    ]


def test_a_board_gets_a_site_next_to_its_records(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report()
    assert capsys.readouterr().out == ("report: leaderboards/site/index.html\n  2 tasks, 5 runs\n")
    site = board / "site"
    assert pages_in(site) == [
        "compare/qa/r100--r200.html",  # significant, and so is the next one
        "compare/qa/r200--r300.html",
        "index.html",
        "runs/colours/r5.html",
        *(f"runs/qa/{run}.html" for run in ("r100", "r200", "r300", "r4")),
        "tasks/colours.html",
        "tasks/qa.html",
    ]
    assert broken_links(site) == []
    texts = {name: (site / name).read_text(encoding="utf-8") for name in pages_in(site)}
    assert [(name, fault) for name in texts for fault in structure_faults(texts[name])] == []
    task = texts["tasks/qa.html"]
    assert "History" in task
    assert "better than the previous point" in task  # from step 200 to step 300
    report("-t", "qa")  # the site is written again into its own folder
    assert "History" in (site / "index.html").read_text()  # the page of the only task


@pytest.mark.slow
def test_the_pages_of_a_board_answer_the_questions_of_a_reader(
    board: Path, open_page: OpenPage
) -> None:
    for step, share in ((400, 0.6), (500, 0.6)):
        model = model_info("m", checkpoint=f"runs/a/step-{step}", hash=f"{step}")
        write_run(board, f"r{step}", {"acc": coins(400, share)}, model=model, task=task_named("qa"))
    report()
    view = open_page(board / "site/index.html")
    row = view.get_by_role("row", name="qa").first
    for words in ("significant", "official set", "1 better", "1 worse", "higher is better"):
        assert words in row.inner_text()
    follow(view, row.get_by_role("link", name="history"))
    assert view.url.endswith("tasks/qa.html#history")
    changes = view.get_by_role("table").filter(has_text="Each checkpoint against").first
    rows = [row.inner_text().split("\t") for row in changes.get_by_role("row").all()[1:]]
    assert [(row[1], row[2], row[4]) for row in rows] == [
        ("100", "200", "not significant"),
        ("200", "300", "better"),
        ("300", "400", "worse"),
        ("400", "500", "not significant"),
    ]
    assert [row[5].split()[0] for row in rows] == ["mmbench", "what", "what", "what"]
    follow(view, view.get_by_role("link", name="what changed").nth(1))
    assert "The candidate is worse: acc" in view.inner_text("main")
    follow(view, view.get_by_role("link", name="qa", exact=True).first)
    follow(view, view.get_by_role("link", name="worst samples"))
    view.wait_for_selector("#samples[data-ready]")
    facts = view.inner_text("dl.facts").split("\n")
    assert "1 of 5 models significant better than the 4 other models (paired tests)" in facts
    assert "400, the worst first" in facts  # nobody knows the best value of this metric
    assert view.input_value("#sample-order") == "worst"
    assert view.inner_text("#sample-count") == "400 of 400 samples"
    assert view.evaluate("() => document.querySelector('#samples').getBoundingClientRect().y") < 20


def test_only_the_latest_run_of_a_model_is_in_the_site_of_a_board(board: Path) -> None:
    model = model_info("m", checkpoint="runs/a/step-300", hash="300")
    write_run(board, "r3000", {"acc": coins(400, 0.8)}, model=model, task=task_named("qa"))
    report("--site", "pages")
    assert "runs/qa/r3000.html" in pages_in(Path("pages"))
    assert "runs/qa/r300.html" not in pages_in(Path("pages"))


def test_one_run_is_a_single_file_that_needs_no_other(
    board: Path, open_page: OpenPage, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    report("r300", "--file", str(alone / "run.html"))
    assert [path.name for path in alone.iterdir()] == ["run.html"]
    view = open_page(alone / "run.html", width=320)
    assert view.get_by_role("heading", level=1).inner_text() == "m@runs/a/step-300 on qa"
    assert "constant (baseline)" in (view.locator("main").text_content() or "")
    assert overflowing(view) == []
    report("m@runs/a/step-300")
    assert Path("report.html").read_bytes() == (alone / "run.html").read_bytes()


def test_a_run_with_more_samples_is_a_folder(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = {"samples": 2001, "failed": 0, "requests": 0, "computed": 0, "cached": 0}
    write_run(board, "large", {"acc": coins(2001, 0.5)}, task=task_named("qa"), counts=counts)
    report("large")
    assert pages_in(Path("report")) == ["index.html"]
    assert "--site DIR" in refusal(capsys, "report", "large", "--file", "a.html")
    assert "a run of 2,001 samples" in refusal(capsys, "report", "large", "--file", "a.html")
    assert not Path("a.html").exists()


def test_several_runs_are_compared_with_the_first(board: Path) -> None:
    report("r100", "r300", "r5")
    site = Path("report")
    assert pages_in(site) == [
        "compare/qa/r100--r300.html",
        "index.html",
        "runs/colours/r5.html",
        "runs/qa/r100.html",
        "runs/qa/r300.html",
        "tasks/colours.html",
        "tasks/qa.html",
    ]
    assert broken_links(site) == []
    task = (site / "tasks/qa.html").read_text()
    assert structure_faults((site / "compare/qa/r100--r300.html").read_text()) == []
    assert "difference from m@runs/a/step-100" in task
    assert '<a href="../compare/qa/r100--r300.html">' in task
    assert "better" in (site / "compare/qa/r100--r300.html").read_text()


def test_two_runs_of_one_model_are_both_shown(board: Path) -> None:
    model = model_info("m", checkpoint="runs/a/step-300", hash="300")
    write_run(board, "again", {"acc": coins(400, 0.81)}, model=model, task=task_named("qa"))
    report("r300", "again", "--site", "pages")
    assert pages_in(Path("pages")) == [
        "compare/qa/r300--again.html", "index.html", "runs/qa/again.html", "runs/qa/r300.html",
    ]  # fmt: skip
    assert broken_links(Path("pages")) == []


def test_runs_without_rows_are_compared_by_intervals(board: Path) -> None:
    (board / "runs/qa/r100.parquet").unlink()
    report("r100", "r300", "--site", "pages")
    page = Path("pages/compare/qa/r100--r300.html").read_text()
    assert "the rows of a run are missing" in page


def test_without_rows_the_page_is_made_from_the_record(
    board: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    for rows in board.rglob("*.parquet"):
        rows.unlink()
    report()
    assert "5 of 5 runs have no rows" in capsys.readouterr().err
    view = open_page(board / "site/runs/qa/r300.html", inside=(board / "site",))
    text = view.locator("main").inner_text()
    assert "0.8" in text
    assert "r300.parquet does not exist" in text
    assert "mmbench run -m" in text  # what makes the rows again


def test_files_that_are_no_records_are_reported_and_skipped(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board / "runs/qa/latin.json").write_bytes(b'{"schema": 1, "run": "\xff"}')
    (board / "runs/qa/r100.parquet").write_bytes(b"no rows")
    report()
    err = capsys.readouterr().err
    assert "latin.json" in err
    assert err.count("r100.parquet: not the rows of a run") == 1
    assert broken_links(board / "site") == []


def test_other_files_are_never_replaced(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("site").mkdir()
    Path("site/index.html").write_text("mine")
    assert "has not made" in refusal(capsys, "report", "--site", "site")
    Path("a.html").write_text("mine")
    assert "has not made" in refusal(capsys, "report", "r5", "--file", "a.html")
    assert Path("site/index.html").read_text() == Path("a.html").read_text() == "mine"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-t", "other"], "task 'other' has no runs in"),
        (["--out", "nowhere"], "no runs in nowhere; `mmbench run"),
        (["r5", "-t", "qa", "-t", "colours"], "give -t once"),
        (["nobody"], "no run id in leaderboards starts like this"),
        (["--file", "a.html"], "2 tasks, 5 runs"),
        (["r5", "--file", "leaderboards"], "--file leaderboards: the file cannot be read"),
        (["r5", "--file", "a.html", "--media", "copy"], "--site DIR, or --media embed"),
        (["--site", "memory://x", "--media", "link"], "give --media copy"),
    ],
)
def test_errors_say_what_to_type(
    args: list[str], message: str, board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refusal(capsys, "report", *args)


def test_a_site_can_be_at_a_url(board: Path) -> None:
    import fsspec

    report("--site", "memory://pages")
    files = fsspec.filesystem("memory").find("/pages")
    assert "/pages/index.html" in files
    assert "/pages/runs/qa/r300.html" in files


def test_runs_of_two_tasks_with_one_id_have_pages_of_their_own(board: Path) -> None:
    write_run(board, "r4", {"acc": coins(400, 0.5)}, task=task_named("colours"), name="other")
    report("--site", "pages")
    titles = {task: Path(f"pages/runs/{task}/r4.html").read_text() for task in ("qa", "colours")}
    assert re.search("<h1>constant.* on qa</h1>", titles["qa"])
    assert re.search("<h1>other.* on colours</h1>", titles["colours"])
    assert broken_links(Path("pages")) == []


def test_another_run_in_the_same_folder_has_samples_of_its_own(board: Path) -> None:
    """A report that is killed must not leave the samples of one run below the page of another."""
    report("r4", "--site", "pages")
    page = Path("pages/index.html").read_text()
    (samples,) = re.findall(r'data-shards="([^"]+)"', page)
    shards = {path: path.read_bytes() for path in Path("pages", samples).iterdir()}
    report("r5", "--site", "pages")
    assert samples not in Path("pages/index.html").read_text()
    assert shards and all(path.read_bytes() == data for path, data in shards.items())


def test_a_run_of_a_packaged_task_shows_its_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: OpenPage
) -> None:
    monkeypatch.chdir(tmp_path)
    models = ["-m", "constant", "-m", "random"]
    assert main(["run", *models, "-t", "shapes-vqa", "--limit", "30", "--quiet"]) == 0
    report("constant", "random", "--site", "pages")
    site = tmp_path / "pages"
    assert broken_links(site) == []
    view = open_page(next((site / "runs").rglob("*constant*.html")), inside=(site,))
    view.wait_for_selector("#samples[data-ready]")
    assert view.evaluate("window.scrollY") == 0  # a page opens at its top
    view.locator("#sample-list li").first.click()
    view.locator("#sample-detail").get_by_text("Reference").wait_for()  # loaded after the click
    view.wait_for_function("() => document.querySelector('#sample-detail img')?.naturalWidth")
    assert view.get_by_text("not the official set").first.is_visible()
    assert view.get_by_text("30 of 1000 samples").first.is_visible()
    view = open_page(next((site / "compare").rglob("*.html")), inside=(site,))
    assert "Changed samples" in view.locator("main").inner_text()
    report("constant", "--file", "alone/run.html")
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["run.html"]
    view = open_page(tmp_path / "alone/run.html")
    view.locator("#sample-list li").first.click()
    view.wait_for_function("() => document.querySelector('#sample-detail img')?.naturalWidth")
    report("constant", "--file", "alone/run.html", "--media", "none")
    assert "data:image" not in (tmp_path / "alone/run.html").read_text().replace("data:,", "")
