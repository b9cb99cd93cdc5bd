"""The samples of a run: rows and sample table joined, for every kind of task and for old rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench import stats
from mmbench.cli import main
from mmbench.comparison.samples.output_text import output_text, reference_texts
from mmbench.comparison.samples.run_samples import RunSamples, finished_samples, run_samples
from mmbench.engine.options import RunSettings
from mmbench.engine.score import score
from mmbench.errors import DataError, UnknownName
from mmbench.storage.records import BoardReporter
from mmbench.storage.run_lookup import find_run
from tests.support.boards import write_run
from tests.support.files import write_lines, write_table


def samples_of(board: Path, task: str) -> RunSamples:
    """Return the samples of the latest run of a task."""
    return run_samples(find_run("latest", board, task))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of packaged models on packaged tasks, over few samples."""
    out = tmp_path_factory.mktemp("board")
    pairs = [
        ("clip-nano", "shapes-retrieval"),
        ("clip-nano", "shapes-zeroshot"),
        ("llava-nano", "shapes-vqa"),
        ("asr-nano", "numbers-asr"),
        ("audioclip-nano", "shapes-sound-tags"),
    ]
    for model, task in pairs:
        assert main(["run", "-m", model, "-t", task, "--limit", "12", "--out", str(out)]) == 0
    return out


def test_a_query_has_its_rank_its_first_documents_and_its_relevant_document(board: Path) -> None:
    found = samples_of(board, "shapes-retrieval")
    query = next(one for one in found if one.direction == "text-to-image")
    assert query.texts["text"] and not query.media
    assert [hit.rank for hit in query.hits] == list(range(1, len(query.hits) + 1))
    assert [hit.id for hit in query.relevant] == [query.group]
    assert query.relevant[0].rank == query.rank
    assert query.answer_text == f"rank {query.rank}"
    first = query.hits[0]
    assert first.sample is not None and first.sample.media["image"].modality == "image"
    assert query.scores["recall@1[text-to-image]"] == float(query.rank == 1)
    assert "recall@1[image-to-text]" not in query.scores


def test_an_image_that_searches_has_its_captions_as_relevant(board: Path) -> None:
    found = samples_of(board, "shapes-retrieval")
    image = next(one for one in found if one.direction == "image-to-text")
    assert image.media["image"] and not image.texts
    assert {hit.id for hit in image.relevant} == {f"{image.id}#{n}" for n in range(5)}
    known = [hit.rank for hit in image.relevant if hit.rank]
    assert known == sorted(known) and (not known or known[0] == image.rank)
    assert all((hit.id in {h.id for h in image.relevant}) == hit.relevant for hit in image.hits)


def test_class_scores_are_named_by_the_class_with_the_highest(board: Path) -> None:
    found = samples_of(board, "shapes-zeroshot")
    assert found.table is not None
    for one in found:
        best = found.table.labels[int(np.argmax(one.output))]
        assert one.answer_text == best
        assert one.references == [found.table.labels[one.target]]
        assert one.scores["accuracy@1"] == float([best] == one.references)


def test_edits_of_a_transcript_add_up_to_its_error_rate(board: Path) -> None:
    samples = samples_of(board, "numbers-asr")
    assert len(samples) > 0
    for one in samples:
        edits = one.details["wer[none]"]
        assert edits.keys() == {"substitutions", "deletions", "insertions"}
        words = len(one.references[0].split())
        assert one.scores["wer[none]"] == pytest.approx(sum(edits.values()) / words)
        assert one.media["audio"].path and one.tokens


def test_answers_have_their_question_image_and_tokens(board: Path) -> None:
    one = samples_of(board, "shapes-vqa")[0]
    assert one.texts["question"].endswith("?") and one.media["image"].data
    assert one.references and one.tokens and one.tags["kind"]
    assert one.answer_text == one.output


@pytest.mark.parametrize("task", ["shapes-retrieval", "shapes-vqa", "numbers-asr"])
def test_wrong_and_worst_first_follow_the_scores(board: Path, task: str) -> None:
    found = samples_of(board, task)
    metric = found.record.headline
    values, better = found.scores(metric), found.record.scores[metric].better
    best = 1.0 if better == "higher" else 0.0
    assert found.metrics[0] == metric
    assert found.wrong().tolist() == [v == v and v != best for v in values.tolist()]
    order = values[found.worst_first()]
    gains = np.diff(order) if better == "higher" else -np.diff(order)
    assert (gains >= 0).all() and len(order) == (~np.isnan(values)).sum()
    tag, choices = next(iter(found.tag_values().items()))
    assert sum(int(found.tagged(tag, value).sum()) for value in choices) == len(found)
    with pytest.raises(UnknownName, match="unknown metric"):
        found.scores("nothing")


@pytest.mark.parametrize("task", ["shapes-retrieval", "shapes-vqa", "numbers-asr"])
def test_rows_of_an_older_run_give_the_same_scores(board: Path, task: str, tmp_path: Path) -> None:
    run = find_run("latest", board, task)
    new = run_samples(run)
    older = [name for name in new.rows.column_names if ":" not in name and name != "tokens"]
    old = RunSamples(run.record, new.rows.select(older), None)
    assert old.metrics == new.metrics
    for metric in new.metrics:
        np.testing.assert_array_equal(old.scores(metric), new.scores(metric))
    for one, other in zip(old, new, strict=True):
        assert (one.scores, one.output, one.rank) == (other.scores, other.output, other.rank)
        assert (one.texts, one.media, one.tokens, one.details) == ({}, {}, None, {})


def test_a_run_that_just_finished_equals_the_stored_run(tmp_path: Path) -> None:
    data = write_table(
        tmp_path / "q.jsonl",
        [{"id": str(n), "question": f"what {n}?", "answer": str(n)} for n in range(4)],
    )
    outputs = write_lines(
        tmp_path / "o.jsonl",
        *({"id": str(n), "value": str(n % 2)} for n in range(3)),
        {"id": "3", "error": "timeout"},
    )
    done = score("answers", outputs, RunSettings(data=data))
    live = finished_samples(done.record, done.rows, done.samples)
    done.report_to(BoardReporter(tmp_path / "board"))
    kept = samples_of(tmp_path / "board", "answers")
    assert list(live) == list(kept)
    assert live.failed().tolist() == [False, False, False, True]
    assert live.wrong().tolist() == [False, False, True, False]
    assert kept[3].error and kept[3].scores == {} and kept[3].answer_text == ""
    assert kept[2].texts["question"] == "what 2?"


def test_choices_show_the_letter_that_was_read(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "question": "?", "A": "cat", "B": "dog", "answer": "B"},
        {"id": "b", "question": "?", "A": "cat", "B": "dog", "answer": "A"},
    ]
    data = write_table(tmp_path / "q.jsonl", rows)
    outputs = {"a": "The answer is (B).", "b": "I cannot tell."}
    mmbench.score("choices", outputs, data=data, out=tmp_path / "board")
    first, second = samples_of(tmp_path / "board", "choices")
    assert first.details["choice_accuracy"] == {"answer": "B"}
    assert "choice_accuracy" not in second.details
    assert first.references == ["B. dog"]
    assert (first.scores["choice_accuracy"], second.scores["choice_accuracy"]) == (1.0, 0.0)


def test_a_board_without_a_sample_table(tmp_path: Path) -> None:
    write_run(tmp_path, "a", {"em": [1, 0, None]})
    found = run_samples(find_run("a", tmp_path))
    assert found.table is None and [one.texts for one in found] == [{}, {}, {}]
    assert found.failed().tolist() == [False, False, True]


def test_a_row_that_cannot_be_read_is_one_line(board: Path) -> None:
    run = find_run("latest", board, "shapes-vqa")
    rows = run_samples(run).rows
    at = rows.column_names.index("target")
    broken = rows.set_column(at, "target", pa.array(["{"] * len(rows)))
    with pytest.raises(DataError, match="row 0 cannot be read"):
        RunSamples(run.record, broken, None)[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("a cat", "a cat"),
        ([0.1, 0.7, 0.2], "dog"),
        ([2.0], "class 2"),
        ({"ranks": [3, 9], "grades": [1, 1]}, "rank 3"),
        ({"ranks": [None], "grades": [1]}, "not found"),
        ({"ranks": [], "grades": []}, "not found"),
        ({"media": "a.png"}, "a.png"),
        ({"other": 1}, '{"other":1}'),
        (4, "4"),
        (1, "dog"),
        (True, "true"),
    ],
)
def test_outputs_as_text(value: Any, text: str) -> None:
    assert output_text(value, ["cat", "dog"]) == text


@pytest.mark.parametrize(
    ("target", "texts"),
    [
        (None, []),
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        (1, ["dog"]),
        ([0, 1], ["cat", "dog"]),
        (9, ["class 9"]),
        ({"answer": "b", "options": ["x", "y"]}, ["B. y"]),
        ({"answer": "Z", "options": ["x"]}, ["Z"]),
        ([[1, 0]], ["image 1 with text 1"]),
        ([[["a"]]], ['[["a"]]']),
    ],
)
def test_references_as_texts(target: Any, texts: list[str]) -> None:
    assert reference_texts(target, ["cat", "dog"]) == texts


@settings(max_examples=60, deadline=None)
@given(
    fold=st.sampled_from(["mean", "ratio", "median", "bleu@2", "wil", "class-mean", "f1-macro"]),
    seed=st.integers(0, 1000),
)
def test_the_value_of_a_sample_is_the_fold_of_its_row(fold: str, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 4, (7, 6)).astype(float)
    found = stats.sample_values(fold, rows)
    assert found is not None
    alone = [stats.fold(fold, row[None]) for row in rows]
    np.testing.assert_allclose(found, alone, rtol=1e-12)


@pytest.mark.parametrize("fold", ["mean-ap", "auc", "ece", "pearson", "whole"])
def test_folds_of_whole_sets_have_no_value_for_a_sample(fold: str) -> None:
    assert stats.sample_values(fold, np.ones((3, 4))) is None


def test_the_rows_of_a_run_grow_little(board: Path) -> None:
    """At most 100 bytes for each sample and metric beyond texts."""
    run = find_run("latest", board, "shapes-retrieval")
    file = board / run.rows_name
    group = pq.ParquetFile(file).metadata.row_group(0)
    sizes = {
        group.column(n).path_in_schema: group.column(n).total_compressed_size
        for n in range(group.num_columns)
    }
    further = sum(size for name, size in sizes.items() if ":" in name)
    assert further <= 100 * group.num_rows * len(run.record.scores)
