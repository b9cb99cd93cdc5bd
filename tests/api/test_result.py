"""Results: their frames, plots and displays, against the record and the rows that were written."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.api.displayed import LINES, WIDTH, Display, display_html, display_text
from mmbench.cli.output.terminal import display_width
from mmbench.errors import MissingExtra
from mmbench.storage import records as store
from mmbench.storage.run_lookup import find_run
from tests.support.files import write_lines

HOSTILE = '<script>alert(1)</script>\x1b[31m"\u202e'


@pytest.fixture(scope="module")
def retrieval(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("board")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        return mmbench.evaluate("clip-nano", "shapes-retrieval", limit=20, out=out), out


@pytest.fixture
def answers(tmp_path: Path) -> mmbench.Result:
    rows = [
        {"id": "a", "question": HOSTILE, "answer": "dog", "tag": "x"},
        {"id": "b", "question": "colour?", "answer": ["red", "crimson"], "tag": "y"},
        {"id": "c", "question": "how many?", "answer": "two"},
    ]
    data = write_lines(tmp_path / "data.jsonl", *rows)
    return mmbench.score("answers", {"a": "dog", "b": HOSTILE, "c": "Two"}, data=data, name=HOSTILE)


def test_scores_are_those_of_the_record(retrieval: Any) -> None:
    result, _ = retrieval
    frame = result.scores
    assert list(frame.index) == list(result.record.scores)
    for name, score in result.record.scores.items():
        row = frame.loc[name]
        ends = [np.nan if one is None else one for one in (score.value, score.low, score.high)]
        np.testing.assert_array_equal(row[["value", "low", "high"]].astype(float), ends)
        assert (row["n"], row["groups"], row["better"]) == (score.n, score.groups, score.better)


def test_samples_have_the_values_of_the_rows_that_were_written(retrieval: Any) -> None:
    result, out = retrieval
    table = store.read_table(find_run(result.record.run, out))
    frame = result.samples
    assert frame["id"].tolist() == table["id"]
    assert frame["direction"].tolist() == table["direction"]
    for metric in ("recall@1", "recall@10", "mean_rank", "map"):
        np.testing.assert_array_equal(frame[metric].to_numpy(), table[f"{metric}:score"])
        assert frame[metric].dtype == np.float64


def test_a_mean_over_samples_is_the_score_of_a_direction(retrieval: Any) -> None:
    result, _ = retrieval
    means = result.samples.groupby("direction")["recall@1"].mean()
    for direction, mean in means.items():
        assert mean == pytest.approx(result.record.scores[f"recall@1[{direction}]"].value)


def test_samples_show_inputs_of_both_directions(retrieval: Any) -> None:
    frame = retrieval[0].samples
    queries = frame[frame["direction"] == "text-to-image"]
    documents = frame[frame["direction"] == "image-to-text"]
    assert queries["text"].notna().all() and queries["image"].isna().all()
    assert documents["image"].notna().all() and documents["text"].isna().all()


def test_samples_of_answers(answers: mmbench.Result) -> None:
    frame = answers.samples
    assert frame["question"].tolist() == [HOSTILE, "colour?", "how many?"]
    assert frame["reference"].tolist() == ["dog", "red; crimson", "two"]
    assert frame["output"].tolist() == ["dog", HOSTILE, "Two"]
    assert frame["tag:tag"].fillna("").tolist() == ["x", "y", ""]
    assert frame["exact_match"].tolist() == [1.0, 0.0, 1.0]
    assert "direction" not in frame.columns


def test_a_failed_sample_has_its_error_and_no_values(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    write_lines(data, {"id": "a", "image": "missing.png", "question": "?", "answer": "1"},
                {"id": "b", "question": "?", "answer": "1"})  # fmt: skip
    result = mmbench.evaluate("oracle", "answers", data=data)
    assert result.samples["error"].isna().tolist() == [True, True]
    assert "failed" not in repr(result)
    live = mmbench.evaluate("llava-nano", "answers", data=data, device="cpu")
    frame = live.samples.set_index("id")
    assert "missing.png" in frame.loc["a", "error"]
    assert np.isnan(frame.loc["a", "exact_match"]) and not np.isnan(frame.loc["b", "exact_match"])
    assert "failed: 1 of 2 samples; a: " in repr(live) and "missing.png" in repr(live)


def test_a_score_without_a_value_has_its_reason() -> None:
    rows = [{"id": "a", "text": ""}]
    result = mmbench.score("transcripts", [""], data=rows)
    assert "wer[none] is n/a: " in repr(result)


def test_a_repr_is_ten_lines_of_eighty_cells_without_control_characters(
    retrieval: Any, answers: mmbench.Result
) -> None:
    for result in (retrieval[0], answers):
        lines = repr(result).split("\n")
        assert len(lines) <= LINES and max(map(display_width, lines)) <= WIDTH
        assert all(line.isprintable() for line in lines)
    assert "recall@1[text-to-image]" in repr(retrieval[0])
    assert "not comparable with the protocol: 20 of 1000 corpus samples" in repr(retrieval[0])


TEXTS = st.text(max_size=120)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=20)


@settings(max_examples=40)
@given(TEXTS, ROWS, st.lists(TEXTS, max_size=5))
def test_any_display_fits(title: str, rows: list[tuple[str, ...]], notes: list[str]) -> None:
    text = display_text(Display(title, ("name", "a", "b"), rows, notes=notes))
    lines = text.split("\n")
    assert len(lines) <= LINES and max(map(display_width, lines)) <= WIDTH
    assert all(line.isprintable() for line in lines)


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=40)
@given(TEXTS, ROWS, st.lists(TEXTS, max_size=5))
def test_no_text_becomes_markup(title: str, rows: list[tuple[str, ...]], notes: list[str]) -> None:
    page = Tags()
    page.feed(display_html(Display(title, ("name", "a", "b"), rows, notes=notes)))
    known = {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.tags <= known


def test_html_is_escaped_and_complete(answers: mmbench.Result, retrieval: Any) -> None:
    page = Tags()
    page.feed(answers._repr_html_())
    assert "script" not in page.tags and "<script>alert(1)" in page.text
    assert "\x1b" not in page.text and "\u202e" not in page.text
    page.feed(retrieval[0]._repr_html_())
    assert all(name in page.text for name in retrieval[0].record.scores)


def test_a_plot_has_a_point_for_each_score(retrieval: Any) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    result, _ = retrieval
    figure = result.plot()
    names = [tick.get_text().strip() for axes in figure.axes for tick in axes.get_yticklabels()]
    assert sorted(names) == sorted(result.record.scores)
    values = [line.get_xdata()[0] for axes in figure.axes for line in axes.lines]
    assert sorted(values) == sorted(score.value for score in result.record.scores.values())


def test_a_missing_library_is_named(retrieval: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    result, out = retrieval
    fresh = mmbench.score("captions", {"1": "a"}, data=_captions(out))
    for attribute in ("scores", "samples"):
        with pytest.raises(
            MissingExtra, match=rf"{attribute} needs pandas: pip install 'mmbench\[frames]'$"
        ):
            getattr(fresh, attribute)
    with pytest.raises(MissingExtra, match=r"pip install 'mmbench\[plot]'$"):
        fresh.plot()
    assert repr(fresh) and result._repr_html_()


def _captions(folder: Path) -> Path:
    return write_lines(folder / "captions.jsonl", {"id": "1", "references": ["a b"]})
