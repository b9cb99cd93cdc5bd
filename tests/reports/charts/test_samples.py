"""What charts count in the rows of a run: ranks, confusions, errors of transcripts, confidence."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import DataError
from mmbench.reports.charts.columns import decoded, number_lists
from mmbench.reports.charts.confusion import NO_ANSWER, confusion
from mmbench.reports.charts.ranks import bin_edges, rank_charts
from mmbench.reports.charts.reliability import confidence_bins
from mmbench.reports.charts.word_errors import word_errors
from tests.support.charts import samples_of


def encoded(values: list[object]) -> list[str | None]:
    return [None if value is None else json.dumps(value) for value in values]


def ranking(*ranks: int | None) -> dict[str, object]:
    return {"ranks": list(ranks), "grades": [1.0] * len(ranks), "top": []}


def test_bins_of_ranks_grow_and_end_at_the_cut_offs() -> None:
    assert bin_edges(1) == [1, 2]
    assert bin_edges(40) == [1, 2, 3, 6, 11, 21, 51]
    assert bin_edges(15, [1, 5, 10]) == [1, 2, 3, 6, 11, 21]
    assert bin_edges(3, [4, 7]) == [1, 2, 3, 5, 6, 8, 11]


@given(st.integers(1, 10**6), st.lists(st.integers(1, 2000), max_size=4))
def test_bins_cover_every_rank_once(highest: int, cut_offs: list[int]) -> None:
    edges = bin_edges(highest, cut_offs)
    assert edges[0] == 1 and edges[-1] > highest
    assert all(low < high for low, high in pairwise(edges))
    assert {cut_off + 1 for cut_off in cut_offs} <= {*edges}


def test_ranks_are_counted_by_direction_with_the_recall_at_each_cut_off() -> None:
    ranks = [1, 1, 2, 4, 9, None, 30, 1]
    columns = {
        "direction": ["a-to-b"] * 6 + ["b-to-a"] * 2,
        "value": encoded([ranking() if rank is None else ranking(rank, 99) for rank in ranks]),
    }
    first, second = rank_charts(samples_of(columns, ["recall@1[a-to-b]", "recall@5[a-to-b]"]))
    assert first.title.endswith("a-to-b") and second.title.endswith("b-to-a")
    counts = {str(row.cells[0].content): row.cells[1].value for row in first.rows}
    assert counts == {"1": 2, "2": 1, "3–5": 1, "6–10": 1, "not retrieved": 1}
    assert "recall@1 0.5000" in first.description and "recall@5 0.5000" in first.description
    assert "recall" not in second.description


def test_there_is_no_rank_histogram_without_rankings() -> None:
    assert rank_charts(samples_of({"value": encoded(["a", {"media": "x"}, 3, None])})) == []


def test_classes_are_counted_by_their_highest_score() -> None:
    rng = np.random.default_rng(0)
    scores, targets = rng.random((200, 4)), rng.integers(0, 4, 200)
    values = [*scores.tolist(), None]
    found = confusion(samples_of({"value": values, "target": [*map(str, targets), "2"]}))
    assert found is not None and set(found.labels) == {f"class {n}" for n in range(4)}
    expected = Counter(zip(targets.tolist(), scores.argmax(axis=1).tolist(), strict=True))
    for (reference, output), size in expected.items():
        row, column = (found.labels.index(f"class {at}") for at in (reference, output))
        assert found.counts[row, column] == size
    assert found.counts.sum() == 200


def test_class_indices_are_counted_and_several_classes_are_not() -> None:
    values = [[0.0], [1.0], [1.0]]
    found = confusion(samples_of({"value": values, "target": ["0", "0", "1"]}))
    assert found is not None
    assert found.counts.tolist() == [[1, 1], [0, 1]]
    assert confusion(samples_of({"value": values, "target": ["[0]", "[0,1]", "[1]"]})) is None


def options(answer: str, *texts: str) -> dict[str, object]:
    return {"answer": answer, "options": list(texts)}


def test_options_are_named_if_all_samples_have_the_same() -> None:
    columns = {
        "value": encoded(["A.", "B", "I do not know", None]),
        "target": encoded([options(letter, "yes", "no") for letter in "ABAB"]),
        "choice_accuracy:answer": ["A", "B", None, None],
        "error": [None, None, None, "it broke"],
    }
    found = confusion(samples_of(columns))
    assert found is not None and found.labels == ["yes", "no", NO_ANSWER]
    assert found.counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    columns["target"] = encoded([options("A", "yes", "no"), *[options("B", "x", "y")] * 3])
    found = confusion(samples_of(columns))
    assert found is not None and set(found.labels) == {"A", "B", NO_ANSWER}


def test_short_answers_are_counted_without_regard_to_case() -> None:
    columns = {
        "value": encoded(["Yes", "no ", "yes", ""]),
        "target": encoded(["yes", ["no"], ["no", "no", "yes"], "yes"]),
    }
    found = confusion(samples_of(columns))
    assert found is not None
    pairs = {
        (found.labels[row], found.labels[column]): int(size)
        for (row, column), size in np.ndenumerate(found.counts)
        if size
    }
    assert pairs == {
        ("yes", "yes"): 1, ("no", "no"): 1, ("no", "yes"): 1, ("yes", NO_ANSWER): 1,
    }  # fmt: skip


def test_captions_and_missing_references_are_not_counted() -> None:
    captions = encoded(["a dog runs over a field", "two cats sleep on a sofa"])
    assert confusion(samples_of({"value": captions, "target": captions})) is None
    assert confusion(samples_of({"value": captions})) is None


def test_errors_of_transcripts_are_counted_by_type_and_word() -> None:
    columns = {
        "value": encoded(["the cat sat", "on on the mat", "dog", None]),
        "target": encoded(["the bat sat", "on the mat", "the dog", "never"]),
    }
    found = word_errors(samples_of(columns, ["wer[none]"]))
    assert found is not None and (found.unit, found.reference, found.samples) == ("word", 8, 3)
    assert found.errors["substitute"] == {("bat", "cat"): 1}
    assert found.errors["insert"] == {("", "on"): 1}
    assert found.errors["delete"] == {("the", ""): 1}
    assert word_errors(samples_of(columns, ["exact_match"])) is None


def test_bins_of_confidence_give_the_calibration_error_of_the_record() -> None:
    from mmbench import stats

    rng = np.random.default_rng(1)
    confidence = rng.random(500).astype(np.float32).astype(float)
    rows = np.column_stack([confidence, rng.random(500) < confidence**2])
    bins = confidence_bins(rows)
    error = sum(one.n * abs(one.accuracy - one.confidence) for one in bins) / 500
    assert error == pytest.approx(float(stats.fold("ece", rows)), abs=1e-9)
    assert sum(one.n for one in bins) == 500
    assert confidence_bins(np.array([[np.nan, 1.0], [1.0, 1.0]]))[0].n == 1


def test_an_error_names_the_row_that_cannot_be_read() -> None:
    broken = samples_of({"value": ['"fine"', "{"]})
    with pytest.raises(DataError, match="row 1 of value cannot be read"):
        decoded(broken, "value")
    with pytest.raises(DataError, match="'ece' have different lengths"):
        number_lists(samples_of({"ece": [[1.0], None, [1.0, 2.0]]}), "ece")
