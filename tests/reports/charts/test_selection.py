"""Which charts a run gets: by its record and rows, never by the name of its task."""

import re
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from mmbench.cli import main
from mmbench.comparison.samples.run_samples import RunSamples, run_samples
from mmbench.reports.charts.confusion import confusion
from mmbench.reports.charts.selection import breakdown_charts, metric_limits, sample_charts
from mmbench.reports.charts.word_errors import word_errors
from mmbench.storage.run_lookup import find_run
from tests.support.browser import OpenPage
from tests.support.charts import check_figures, samples_of

RUNS = {
    "shapes-retrieval": "clip-nano",
    "shapes-zeroshot": "clip-nano",
    "shapes-vqa": "llava-nano",
    "shapes-caption": "llava-nano",
    "shapes-fusion": "fusion-nano",
    "numbers-asr": "asr-nano",
    "shapes-sound-tags": "audioclip-nano",
}
CHARTS = {
    "shapes-retrieval": ["Rank of the first relevant document, text-to-image",
                         "Rank of the first relevant document, image-to-text"],
    "shapes-zeroshot": ["Class of the highest score by correct class"],
    "shapes-vqa": ["Answer by reference"],
    "shapes-caption": ["cider of single samples"],
    "shapes-fusion": ["Chosen option by correct option"],
    "numbers-asr": ["Errors of wer[none] by type", "Most frequent errors of wer[none]",
                    "wer[none] of single samples"],
    "shapes-sound-tags": ["Average precision of each class, lowest first",
                          "f1_macro of single samples"],
}  # fmt: skip


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of packaged models over a few samples of packaged tasks of every kind."""
    out = tmp_path_factory.mktemp("board")
    for task, model in RUNS.items():
        assert main(["run", "-m", model, "-t", task, "--limit", "30", "--out", str(out)]) == 0
    return out


def found(board: Path, task: str) -> RunSamples:
    return run_samples(find_run("latest", board, task))


def titles(charts: list[str]) -> list[str]:
    """Return the captions of figures and of tables outside figures."""
    return re.findall(r"<(?:figcaption|caption)>(?:<span>)?(.*?)</", "".join(charts))


@pytest.mark.parametrize("task", RUNS)
def test_a_run_gets_the_charts_of_its_kind(board: Path, task: str) -> None:
    samples = found(board, task)
    own = titles(sample_charts(samples))
    missing = [name for name in CHARTS[task] if not any(t.startswith(name) for t in own)]
    assert missing == [], own
    renamed = replace(samples.record, task=replace(samples.record.task, name="other"))
    assert titles(sample_charts(RunSamples(renamed, samples.rows, samples.table))) == own


def test_the_errors_of_transcripts_are_those_of_the_rows(board: Path) -> None:
    samples = found(board, "numbers-asr")
    errors = word_errors(samples)
    assert errors is not None
    names = {"substitute": "substitutions", "delete": "deletions", "insert": "insertions"}
    for kind, column in names.items():
        counted = sum(samples.rows[f"wer[none]:{column}"].to_pylist())
        assert errors.total(kind) == counted
    total = sum(errors.total(kind) for kind in errors.errors)
    assert total / errors.reference == pytest.approx(samples.record.scores["wer[none]"].value)


def test_the_diagonal_of_a_matrix_is_the_accuracy(board: Path) -> None:
    for task, score in (("shapes-zeroshot", "accuracy@1"), ("shapes-fusion", "choice_accuracy")):
        samples = found(board, task)
        counts = confusion(samples)
        assert counts is not None and counts.counts.sum() == len(samples)
        right = np.trace(counts.counts) / counts.counts.sum()
        assert right == pytest.approx(samples.record.scores[score].value)


def test_the_mean_of_the_classes_is_the_score(board: Path) -> None:
    samples = found(board, "shapes-sound-tags")
    (chart,) = [one for one in sample_charts(samples) if "Average precision" in one]
    rows = chart[chart.index("<tbody>") :].split("<tr")[1:]
    values = [float(re.findall(r'data-value="([\d.]+)"', row)[0]) for row in rows]
    assert np.mean(values) == pytest.approx(samples.record.scores["mean_ap"].value)


def test_a_breakdown_is_a_chart_for_each_tag(board: Path) -> None:
    record = found(board, "shapes-vqa").record
    (chart,) = breakdown_charts(record, unfold=True)
    assert titles([chart])[0] == "exact_match by kind"
    for value, scores in record.breakdowns["kind"].items():
        assert f">{value}</text>" in chart
        assert f'data-value="{scores["exact_match"].value}"' in chart


def test_a_reliability_diagram_needs_the_rows_of_the_calibration_error() -> None:
    rows = {"ece": [[0.9, 1.0], [0.2, 0.0], None], "value": ['"a"'] * 3}
    assert titles(sample_charts(samples_of(rows, ["ece"])))[:1] == ["Accuracy by confidence"]
    assert titles(sample_charts(samples_of({"value": ['"a"'] * 3}, ["ece"]))) == []


def test_the_limits_of_a_score_are_those_of_its_metric() -> None:
    assert metric_limits("recall@10[text-to-image]") == (0, 1)
    assert metric_limits("wer[none]{macro:heard}") == (0, None)
    assert metric_limits("accuracy@1{macro:size}") == (0, 1)
    assert metric_limits("unknown[x]") == (None, None)


@pytest.mark.slow
def test_the_charts_of_every_kind_fit_at_every_width(
    board: Path, open_page: OpenPage, tmp_path: Path
) -> None:
    for task in RUNS:
        charts = [*sample_charts(found(board, task)), *breakdown_charts(found(board, task).record)]
        check_figures(open_page, tmp_path, *(one for one in charts if one.startswith("<figure")))
