"""Comparisons and histories from Python, against the values that the package computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench.comparison.compare import compare_runs
from mmbench.comparison.history import history
from mmbench.errors import DataError, UserError
from tests.support.boards import coins, model_info, write_run
from tests.support.files import write_lines


def scored(folder: Path, values: dict[str, str]) -> mmbench.Result:
    rows = [{"id": ident, "answer": "yes", "question": "?"} for ident in values]
    data = write_lines(folder / "data.jsonl", *rows)
    return mmbench.score("answers", values, data=data, out=folder / "board")


@pytest.fixture
def results(tmp_path: Path) -> tuple[mmbench.Result, mmbench.Result]:
    first = {f"s{n}": "yes" if n % 3 else "no" for n in range(60)}
    second = {f"s{n}": "yes" if n % 7 else "no" for n in range(60)}
    return scored(tmp_path, first), scored(tmp_path, second)


def test_results_in_memory_compare_like_their_files(results: Any, tmp_path: Path) -> None:
    first, second = results
    in_memory = mmbench.compare(first, second)
    references = [result.record.run for result in results]
    (stored,) = compare_runs(references, out=tmp_path / "board")
    assert in_memory.comparison == stored
    mixed = mmbench.compare(first, second.record.run, out=tmp_path / "board")
    assert mixed.comparison == stored


def test_scores_and_samples_of_a_comparison(results: Any) -> None:
    first, second = results
    found = mmbench.compare(first, second)
    row = found.scores.loc["exact_match"]
    assert (row["baseline"], row["candidate"]) == (40 / 60, 51 / 60)
    assert row["verdict"] == found.comparison.scores[0].verdict
    frame = found.samples
    for role, result in zip(("baseline", "candidate"), results, strict=True):
        own = result.samples.set_index("id")
        joined = frame.set_index("id")
        assert (joined[f"exact_match:{role}"] == own["exact_match"]).all()
        assert (joined[f"output:{role}"] == own["output"]).all()
    difference = frame["exact_match:candidate"] - frame["exact_match:baseline"]
    assert difference.mean() == pytest.approx(row["difference"])


def test_a_comparison_shows_the_verdict(results: Any) -> None:
    found = mmbench.compare(*results)
    assert "difference" in repr(found) and found.comparison.scores[0].verdict in repr(found)
    assert len(repr(found).split("\n")) <= 10
    assert "<table>" in found._repr_html_()
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    intervals: Any = found.plot().axes[0].collections[0]
    score = found.comparison.scores[0]
    assert np.allclose(intervals.get_segments()[0][:, 0], [score.low, score.high])


def test_both_directions_of_a_retrieval_run_are_joined() -> None:
    runs = [mmbench.evaluate(m, "shapes-retrieval", limit=9) for m in ("random", "constant")]
    found = mmbench.compare(*runs, metrics=["recall@5[image-to-text]"])
    assert len(found.samples) == len(runs[0].samples) == 9 + 45
    means = found.samples.groupby("direction")["recall@5:candidate"].mean()
    for direction, mean in means.items():
        assert mean == pytest.approx(runs[1].record.scores[f"recall@5[{direction}]"].value)


def test_other_data_are_refused(tmp_path: Path) -> None:
    first = scored(tmp_path, {"a": "yes"})
    second = scored(tmp_path, {"b": "yes"})
    with pytest.raises(UserError):
        mmbench.compare(first, second)


def test_a_history(tmp_path: Path) -> None:
    for at, rate in enumerate([0.3, 0.6, 0.61], 1):
        model = model_info("nano", checkpoint=f"runs/a/step-{at}000", hash=f"h{at}")
        created = f"2026-01-{at:02}T00:00:00.000+00:00"
        write_run(tmp_path, f"r{at}", {"em": coins(300, rate)}, model=model, created=created)
    found = mmbench.history("t", out=tmp_path)
    assert (found.metric, found.points) == history("t", out=tmp_path)
    assert found.scores["step"].tolist() == [1000, 2000, 3000]
    assert found.scores["change"].tolist() == ["", "better", ""]
    lines = repr(found).split("\n")
    assert lines[0] == "t: em" and len(lines) == 5 and "better" in lines[3]
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    (axes,) = found.plot().axes
    assert list(axes.lines[0].get_xdata()) == [1000, 2000, 3000]


def test_a_history_of_an_unknown_task_names_the_tasks(tmp_path: Path) -> None:
    write_run(tmp_path, "r1", {"em": coins(30, 0.5)})
    with pytest.raises(DataError, match=r"'u' has no runs in .*did you mean t"):
        mmbench.history("u", out=tmp_path)
