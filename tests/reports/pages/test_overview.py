"""The overview and the pages of tasks: the best model, how certain that is, and on which data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mmbench.reports.charts.interval_bar import column_scale
from mmbench.reports.pages.board_tables import (
    BoardTable,
    Statement,
    board_tables,
    certainty,
    data_statement,
)
from mmbench.reports.pages.cells import (
    bar_cell,
    bar_scale,
    difference_cell,
    headline_cell,
    published_statement,
    score_text,
)
from mmbench.reports.pages.html import join
from mmbench.reports.pages.names import INDEX
from mmbench.reports.pages.overview import overview_body
from mmbench.reports.pages.run_scores import headline_words
from mmbench.reports.pages.shell import page
from mmbench.reports.pages.task import STYLES, task_body
from mmbench.storage.records import StoredRun, stored_run
from mmbench.types import OUTPUTS, PublishedInfo, RunRecord, TaskInfo
from tests.reports.pages.test_html import HOSTILE, Parsed
from tests.support.boards import coins, model_info, plain_score, record, task_info, write_run
from tests.support.browser import OpenPage, overflowing


def task_named(name: str, **changes: Any) -> TaskInfo:
    base: dict[str, Any] = {"fingerprint": "f" * 8, "data_hash": "d" * 8, "data": {"sample": 400}}
    base |= {"protocol": {"sample": 400}}
    return TaskInfo(name, 1, "exact_match", **(base | changes))


def written(out: Path, run: str, share: float, task: str = "qa", **changes: Any) -> StoredRun:
    """Write a run whose accuracy is about `share`; a model is named like its run."""
    base = {"task": task_named(task), "name": run}
    made = write_run(out, run, {"acc": coins(400, share)}, **(base | changes))
    return stored_run(made, out)


def test_scored_outputs_of_one_name_are_one_row(tmp_path: Path) -> None:
    """Their hash is that of the file, one for each task; of two files, the latest counts."""
    outputs = {"adapter": OUTPUTS, "checkpoint": None}
    shares = (("qa", "one", 0.9), ("colours", "two", 0.6), ("qa", "later", 0.8))
    stored = [
        written(tmp_path, run, share, task, model=model_info("m", hash=run, **outputs),
                created=f"2026-01-0{day}")
        for day, (task, run, share) in enumerate(shares, 1)
    ]  # fmt: skip
    tables = board_tables(stored, unreadable=[])
    body = join(overview_body(tables, {}, lambda record: record.run, lambda task: task))
    (matrix,) = (part for part in body.split("<table") if "<span>Headline scores of" in part)
    assert matrix.count("<tr") == 2
    assert 'href="later"' in matrix and 'href="one"' not in matrix


@pytest.fixture
def runs(tmp_path: Path) -> list[StoredRun]:
    return [
        written(tmp_path, "good", 0.9),
        written(tmp_path, "near", 0.89),
        written(tmp_path, "far", 0.5),
        written(tmp_path, "constant", 0.3, baseline="constant"),
        written(tmp_path, "oracle", 1.0, baseline="oracle"),
        written(tmp_path, "good-b", 0.6, task="colours", model=model_info("good", hash="good")),
    ]


def only(tables: dict[str, list[BoardTable]], task: str = "qa") -> BoardTable:
    (one,) = tables[task]
    return one


def table_of(runs: Sequence[StoredRun], **options: Any) -> BoardTable:
    return only(board_tables(runs, unreadable=[], **options))


def text_of(content: Any) -> str:
    return Parsed(join(content)).text


def test_the_best_is_a_model_and_its_equals_are_named(runs: list[StoredRun]) -> None:
    one = table_of(runs)
    assert one.best == runs[0]
    assert one.ignorant == runs[3].record
    assert certainty(one) == Statement("not certain", "may be as good: near", "warn")


def test_certainty_needs_a_significant_difference_from_every_model(runs: list[StoredRun]) -> None:
    sure = certainty(table_of([run for run in runs if run.record.run != "near"]))
    assert sure == Statement("significant", "better than the other model (paired tests)", "good")
    alone = certainty(table_of([runs[0], runs[3]]))
    assert alone == Statement("only model", "no other model was run")
    nothing = stored_run(record("r", None, task=task_named("qa")), "x")
    assert certainty(table_of([nothing])).text == "no value"


def test_without_rows_certainty_rests_on_intervals(runs: list[StoredRun]) -> None:
    for run in runs[1:]:
        Path(run.folder.path(run.rows_name)).unlink()
    one = table_of(runs)
    assert certainty(one) == Statement("not certain", "not testable without rows: near", "warn")
    assert [r.run for r in one.without_rows] == ["near", "far"]
    text = text_of(task_body([one], [], lambda _: ""))
    assert "2 of 3 models have been compared with the best model by intervals alone" in text
    assert "mmbench run -m near -m far -t qa" in text


def test_a_verdict_from_intervals_is_not_shown_as_a_test(runs: list[StoredRun]) -> None:
    models = [run for run in runs if run.record.run in ("good", "far")]
    for word, under in (
        ("significant", " to "),
        ("intervals only", "by intervals, without a test"),
    ):
        one = table_of(models)
        assert certainty(one).text == word
        assert under in text_of(difference_cell(models[1].record, one).content)
        assert ("without a test" in certainty(one).details) is (word == "intervals only")
        _delete_rows(models)


def _delete_rows(runs: Sequence[StoredRun]) -> None:
    for run in runs:
        Path(run.folder.path(run.rows_name)).unlink(missing_ok=True)


def test_a_mixture_of_tests_and_intervals_is_named(runs: list[StoredRun], tmp_path: Path) -> None:
    other = written(tmp_path, "other", 0.5)
    _delete_rows([other])
    sure = certainty(table_of([runs[0], runs[2], other]))
    assert sure.text == "partly tested"
    assert sure.details == "better than the 2 other models; 1 of them by intervals, without a test"


def test_bars_have_the_scale_of_the_models(runs: list[StoredRun]) -> None:
    one = table_of(runs)
    scale = bar_scale(one)
    low = min(run.record.scores["acc"].low or 0 for run in runs[:3])
    assert 0.3 < scale.low < low
    markup = join(bar_cell(runs[3].record, one, scale).content)
    assert "<polygon" in markup and "<polygon" not in join(
        bar_cell(runs[1].record, one, scale).content
    )


def test_a_score_without_an_interval_says_so() -> None:
    assert join(score_text(plain_score(0.5))) == "<b>0.5000</b> (no interval)"
    cell = headline_cell(record("r", 0.5), column_scale([plain_score(0.5)]))
    assert text_of(cell.content) == "0.5000no interval"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wer[none]", "wer[none] (fraction, lower is better)"),
        ("cider", "cider (0 to 10, higher is better)"),
        ("pope_f1", "pope_f1 (0 to 1, higher is better)"),
        ("own", "own (higher is better)"),
    ],
)
def test_the_headline_has_a_unit_or_a_range_and_a_direction(name: str, words: str) -> None:
    better = "lower" if name.startswith("wer") else "higher"
    made = record("r", headline=name, scores={name: plain_score(0.5, better=better)})
    assert text_of(headline_words(made)) == words


def test_named_runs_are_compared_with_the_first(runs: list[StoredRun]) -> None:
    one = table_of(runs[:3], references=[runs[2]])
    assert one.best == runs[0]
    assert {run: s.verdict for run, s in one.to_reference.items()} == {
        "good": "better", "near": "better", "far": "reference",
    }  # fmt: skip
    assert "difference from far" in text_of(task_body([one], [], lambda _: ""))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Statement("official set", "400 samples", "good")),
        (
            {"data": {"sample": 159}},
            Statement("not the official set", "159 of 400 samples", "warn"),
        ),
        (
            {"source": {"doubt": "the file has another digest"}},
            Statement("not the official set", "the file has another digest", "warn"),
        ),
        (
            {"protocol": {}},
            Statement("own data", "400 samples; the task defines no official set"),
        ),
    ],
)
def test_data_are_official_or_a_reason_is_given(
    changes: dict[str, Any], expected: Statement
) -> None:
    assert data_statement(record(task=task_named("qa", **changes))) == expected


def test_a_published_score_is_shown_with_its_verdict() -> None:
    entry = PublishedInfo("acc", 0.5, 0.4, 0.01, "not reproduced: off by -0.1000")
    assert published_statement(entry) == Statement("not reproduced", "off by -0.1000", "bad")
    made = record(
        published=[
            PublishedInfo("recall@1", 0.5, 0.5, 0.01, "reproduced", "m", "https://a.b/c"),
            PublishedInfo("recall@1", 0.7, 0.5, 0.01, "not comparable: another model (m)", "other"),
        ]
    )
    (one,) = board_tables([stored_run(made, "x")], unreadable=[])["t"]
    markup = join(task_body([one], [], lambda _: "run.html"))
    assert '<a href="https://a.b/c">' in markup
    text = text_of(markup)
    assert "reproduced" in text
    assert "other" in text
    assert "not run here" in text


def test_runs_on_different_data_never_share_a_table(tmp_path: Path) -> None:
    part = task_named("qa", data_hash="other", data={"sample": 159})
    runs = [written(tmp_path, "a", 0.5), written(tmp_path, "c", 0.9)]
    small = stored_run(record("d", 0.99, task=part), tmp_path)
    tables = board_tables([*runs, small], unreadable=[])["qa"]
    assert [[run.record.run for run in one.runs] for one in tables] == [["c", "a"], ["d"]]
    text = text_of(task_body(tables, [], lambda _: ""))
    assert "scores of different tables are not comparable." in text
    assert "159 of 400 samples" in text


def test_failures_come_with_the_bounds_that_they_imply(tmp_path: Path) -> None:
    values = [None, *coins(399, 0.5)]
    made = write_run(
        tmp_path,
        "a",
        {"acc": values},
        bounds=(0.4, 0.6),
        task=task_named("qa"),
        counts={"samples": 400, "failed": 1, "requests": 0, "computed": 0, "cached": 0},
    )
    one = table_of([stored_run(made, tmp_path)])
    assert "1acc between 0.4000 and 0.6000" in text_of(task_body([one], [], lambda _: ""))


def document(runs: Sequence[StoredRun]) -> str:
    tables = board_tables(runs, unreadable=[])
    body = overview_body(tables, {}, lambda r: f"runs/{r.run}.html", lambda t: f"tasks/{t}.html")
    return page("Leaderboards", body, styles=STYLES)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str, tmp_path: Path) -> None:
    model = model_info(text, options={text: text})
    task = task_info(source={"doubt": text}, protocol={"corpus": 10})
    made = record(model=model, task=task, headline=text, scores={text: plain_score()})
    markup = document([stored_run(made, tmp_path)])
    tags = {tag for tag, _ in Parsed(markup).tags}
    assert tags <= {
        *("html", "head", "meta", "link", "title", "style", "script", "body", "a", "header"),
        *("span", "button", "main", "h1", "h2", "p", "div", "label", "input", "output", "section"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "line", "rect", "b"),
        *("footer", "wbr"),
    }
    assert not any(
        name.startswith("on") for _, attributes in Parsed(markup).tags for name in attributes
    )


def visible_rows(view: Any, nth: int) -> list[str]:
    rows = view.locator("table").nth(nth).locator("tbody tr:visible th")
    return [text.split("\n")[0] for text in rows.all_inner_texts()]


def test_the_overview_is_filtered_and_sorted(
    runs: list[StoredRun], open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / INDEX).write_text(document(runs), encoding="utf-8")
    view = open_page(tmp_path / INDEX)
    assert visible_rows(view, 0) == ["colours", "qa"]
    models = ["good", "near", "far", "oracle (baseline)", "constant (baseline)"]
    assert visible_rows(view, 1) == models
    view.get_by_label("Hide baselines").check()
    assert visible_rows(view, 1) == models[:3]
    view.locator("select").select_option("colours")
    assert visible_rows(view, 0) == ["colours"]
    assert visible_rows(view, 1) == ["good"]
    assert view.get_by_role("status").inner_text() == "2 of 7 rows"
    columns = view.locator("table").nth(1).locator("th[scope=col]:visible")
    assert [text.split()[0] for text in columns.all_inner_texts()] == ["model", "colours"]
    view.locator("select").select_option("all")
    view.get_by_role("searchbox").fill("near")
    assert visible_rows(view, 0) == ["qa"]  # its model is as good as the best
    assert visible_rows(view, 1) == ["near"]
    view.get_by_role("searchbox").fill("nobody")
    assert not view.get_by_role("heading", name="Best models").is_visible()
    view.get_by_role("searchbox").fill("")
    view.get_by_role("button", name="qa").press("Enter")
    assert visible_rows(view, 1)[:2] == ["good", "near"]
    best = view.get_by_role("row", name="qa").first
    assert "not certain" in best.inner_text()
    assert "official set" in best.inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 1024, 1920])
def test_nothing_reaches_beyond_the_page(
    width: int, dark: bool, runs: list[StoredRun], open_page: OpenPage, tmp_path: Path
) -> None:
    long = written(tmp_path, "long", 0.4, model=model_info("m" * 200, checkpoint="/x" * 100))
    (tmp_path / INDEX).write_text(document([*runs, long]), encoding="utf-8")
    view = open_page(tmp_path / INDEX, width=width, dark=dark)
    assert overflowing(view) == []
    tables = board_tables([*runs, long], unreadable=[])["qa"]
    body = task_body(tables, [], lambda r: f"{r.run}.html")
    (tmp_path / "qa.html").write_text(page("qa", body, styles=STYLES), encoding="utf-8")
    view.goto((tmp_path / "qa.html").as_uri())
    assert overflowing(view) == []


def test_one_model_with_two_weights_has_two_rows(tmp_path: Path) -> None:
    made: list[RunRecord] = [
        record("a", 0.5, model=model_info("m", hash="1" * 16)),
        record("b", 0.6, model=model_info("m", hash="2" * 16)),
    ]
    text = text_of(document([stored_run(one, tmp_path) for one in made]))
    assert "m (11111111)" in text
    assert "m (22222222)" in text
