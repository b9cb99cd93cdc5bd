"""The charts of a run, chosen from its record and its rows, never by the name of its task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mmbench import stats
from mmbench.comparison.samples.output_text import class_name
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.engine.score_names import score_info, without_macro
from mmbench.errors import DataError, MissingExtra
from mmbench.reports.cells import number
from mmbench.reports.charts.columns import number_lists
from mmbench.reports.charts.confusion import confusion
from mmbench.reports.charts.figure import figure
from mmbench.reports.charts.histograms import histogram
from mmbench.reports.charts.intervals import IntervalRow, interval_chart, score_row
from mmbench.reports.charts.matrix import MOST_CLASSES, confused_pairs, confusion_matrix
from mmbench.reports.charts.ranks import rank_charts
from mmbench.reports.charts.reliability import confidence_bins, reliability_diagram
from mmbench.reports.charts.word_errors import error_chart, frequent_errors, word_errors
from mmbench.reports.error_types import error_types
from mmbench.reports.pages.html import Html, element
from mmbench.reports.pages.tables import Cell, Column, Row, table
from mmbench.types import RunRecord, ScoreInfo

Limits = tuple[float | None, float | None]


def sample_charts(samples: RunSamples) -> list[Html]:
    """Return the charts that fit the samples of a run: figures and tables.

    - rankings: a rank histogram for each direction
    - classes, options, short answers: a confusion matrix, or the most confused pairs
    - several classes per sample: the average precision of each class
    - transcripts: the types of errors and the most frequent ones
    - scores per sample with many values: a histogram
    - confidences (`ece`): a reliability diagram
    """
    return [
        *(figure(chart) for chart in rank_charts(samples)),
        *_word_errors(samples),
        *_confusion(samples),
        *_class_precision(samples),
        *_histograms(samples),
        *_reliability(samples),
    ]


def metric_limits(score: str) -> Limits:
    """Return the ends of the range of a score's metric; None for an open or unknown end."""
    info = score_info(score)
    if info is None or info.better is None:
        return None, None
    ends = info.worst, info.best
    return ends if info.better == "higher" else ends[::-1]


def breakdown_charts(record: RunRecord, *, unfold: bool = False) -> list[Html]:
    """Return a chart of the headline for each tag: its values, those with most samples first.

    If the headline is a mean over the values of a tag (`NAME{macro:TAG}`), the metric NAME is
    shown. The dashed line is the score of the whole run. `unfold` opens the table of each chart. A
    table below the chart has the parts of a word error rate.
    """
    metric = without_macro(record.headline)
    whole = record.scores.get(metric)
    charts = []
    for tag, values in record.breakdowns.items():
        rows = [score_row(value, scores[metric]) for value, scores in _largest(values, metric)]
        if rows:
            chart = interval_chart(
                f"{metric} by {tag}",
                rows,
                name=tag,
                limits=metric_limits(metric),
                reference=whole.value if whole else None,
            )
            charts.append(figure(chart, _error_types(record, tag, metric), unfold=unfold))
    return charts


def _error_types(record: RunRecord, tag: str, metric: str) -> Html | None:
    """Return a table with the parts of a word error rate for each value of a tag."""
    types = error_types(metric, record.scores)
    if not types:
        return None
    columns = [Column(tag), *(Column(title, number=True, better="lower") for title in types)]
    rows = [
        Row([Cell(value), *(_rate_cell(scores.get(name)) for name in types.values())])
        for value, scores in _largest(record.breakdowns[tag], metric)
    ]
    return table(f"Errors by type: the parts of {metric}", columns, rows)


def _rate_cell(score: ScoreInfo | None) -> Cell:
    return Cell(number(score), score.value if score else None)


def _largest(
    values: Mapping[str, dict[str, ScoreInfo]], metric: str
) -> list[tuple[str, dict[str, ScoreInfo]]]:
    having = [(value, scores) for value, scores in values.items() if metric in scores]
    return sorted(having, key=lambda pair: -pair[1][metric].n)


def _word_errors(samples: RunSamples) -> Iterator[Html]:
    try:
        found = word_errors(samples)
    except (MissingExtra, DataError) as error:
        yield element("p", f"No chart of errors: {error}", class_="muted")
        return
    if found is not None:
        yield figure(error_chart(found), frequent_errors(found))


def _confusion(samples: RunSamples) -> Iterator[Html]:
    found = confusion(samples)
    if found is None:
        return
    if len(found.labels) <= MOST_CLASSES:
        yield figure(confusion_matrix(*found), summary="Errors as a table")
    else:
        yield element("div", confused_pairs(*found), class_="narrow")


def _class_precision(samples: RunSamples) -> Iterator[Html]:
    """Yield the average precision of each class, from the rows of `mean_ap`: scores and labels."""
    if samples.record.headline != "mean_ap" or "mean_ap" not in samples.rows.column_names:
        return
    rows = number_lists(samples, "mean_ap")
    n = rows.shape[1] // 2
    labels = samples.labels if len(samples.labels) == n else []
    names = [class_name(at, labels) for at in range(n)]
    found = []
    for at, name in enumerate(names):
        positives = int(rows[:, n + at].sum())
        if positives:
            value = float(stats.fold("mean-ap", rows[:, [at, n + at]]))
            found.append(IntervalRow(name, value, n=positives))
    found.sort(key=lambda row: row.value or 0.0)
    title = "Average precision of each class, lowest first"
    mean = samples.record.scores["mean_ap"].value
    yield figure(interval_chart(title, found, name="class", limits=(0, 1), reference=mean))


def _histograms(samples: RunSamples) -> Iterator[Html]:
    """Yield a histogram of the first score with more than two different values per sample."""
    for metric in samples.metrics:
        values = samples.scores(metric)
        known = values[np.isfinite(values)]
        if len(np.unique(known)) > 2 and not _is_rank(metric):
            mean = float(known.mean())
            yield figure(histogram(f"{metric} of single samples", values, metric, mean))
            return


def _is_rank(metric: str) -> bool:
    """Return whether a score measures the ranks of documents, which have a histogram."""
    info = score_info(metric)
    return info is not None and info.kinds == frozenset({"retrieval"})


def _reliability(samples: RunSamples) -> Iterator[Html]:
    if "ece" not in samples.record.scores or "ece" not in samples.rows.column_names:
        return
    bins = confidence_bins(number_lists(samples, "ece"))
    if bins:
        yield figure(reliability_diagram("Accuracy by confidence", bins))
