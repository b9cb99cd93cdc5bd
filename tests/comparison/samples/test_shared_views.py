"""Terminal, pages, charts and trackers show the same order and the same errors of samples."""

from __future__ import annotations

from msgspec.structs import replace

from mmbench.cli.output.samples.header import joined_note
from mmbench.cli.output.samples.selection import Selection, selected_rows
from mmbench.cli.output.samples.tables import csv_row
from mmbench.comparison.samples.output_text import (
    best_classes,
    class_scores,
    output_text,
    place_text,
)
from mmbench.comparison.samples.transcripts import transcript_alignment
from mmbench.engine.scoring.long_texts import LONGEST, truncate_long_texts
from mmbench.metric_names import metric
from mmbench.metrics.speech.alignment import error_rate
from mmbench.reports.charts.word_errors import word_errors
from mmbench.reports.trackers.worst_samples import worst_samples
from mmbench.types import MediaPlace, PlaceInFile, Prediction, StoredSample
from tests.support.sample_runs import encoded, run_of

NAMES = ["exact_match", "token_f1"]


def test_equal_values_are_ordered_by_the_other_scores_everywhere() -> None:
    samples = [StoredSample("sample", f"s{n}", target="x") for n in range(5)]
    scores = {"exact_match": [0.0, 1.0, None, 0.0, 0.0], "token_f1": [0.5, 1.0, None, 0.25, 0.5]}
    columns = {
        "error": [None, None, "it broke", None, None],
        "value": ['"y"', '"x"', None, '"y"', '"y"'],
        **{name: [v if v is None else [v] for v in values] for name, values in scores.items()},
        **{f"{name}:score": values for name, values in scores.items()},
    }
    run = run_of(samples, columns, NAMES)
    assert run.worst_first().tolist() == [3, 0, 4, 1]
    assert selected_rows(run, Selection("wrong", "exact_match")).tolist() == [3, 0, 4]
    table = worst_samples(run)
    assert table is not None
    assert [row[0] for row in table.rows] == ["s3", "s0", "s4", "s1", "s2"]


def test_a_chart_of_errors_counts_what_the_metric_counts_in_a_long_transcript() -> None:
    output, target = "a " * LONGEST, "a b"
    sample = StoredSample("sample", "s", target=target)
    columns = {
        "error": [None],
        "value": [encoded(output)],
        "wer[none]": [[1.0, 1.0]],
        "wer[none]:score": [1.0],
    }
    found = word_errors(run_of([sample], columns, ["wer[none]"]))
    function, argument = metric("wer[none]")
    scored = function(truncate_long_texts([Prediction("s", output, target)]), argument)
    edits = scored.rows[0][0]
    assert found is not None
    assert edits < len(output.split()) - 2
    assert sum(map(found.total, found.errors)) == edits
    alignment = transcript_alignment(output, target, error_rate("wer[none]"))
    assert alignment is not None and alignment.edits.edits == edits


def test_a_chart_of_errors_counts_those_of_joined_recordings() -> None:
    texts = {"1": ("we met", "we met on"), "2": ("on monday", "monday two")}
    samples = [StoredSample("sample", i, target=target) for i, (target, _) in texts.items()]
    columns = {
        "error": [None, None],
        "value": [encoded(output) for _, output in texts.values()],
        "tags": ['{"talk": "t", "start": "2"}', '{"talk": "t", "start": "10"}'],
        "wer[none]": [[1.0, 4.0], [0.0, 0.0]],
        "wer[none]:score": [0.25, None],
    }
    run = run_of(samples, columns, ["wer[none]"])
    signature = "unit=word,joined-by=talk,order=start"
    run.record.scores["wer[none]"] = replace(run.record.scores["wer[none]"], signature=signature)
    found = word_errors(run)
    assert found is not None and found.samples == 1 and found.reference == 4
    assert {kind: dict(errors) for kind, errors in found.errors.items()} == {
        "substitute": {},
        "delete": {},
        "insert": {("", "two"): 1},
    }
    assert "joins the utterances of each talk" in joined_note(run, "wer[none]")[0]


def test_an_output_or_reference_that_is_no_transcript_has_no_alignment() -> None:
    rate = error_rate("wer[none]")
    for output, target in ((None, "a"), ({"media": "x"}, "a"), ("a", ["b", "c"]), ("a", None)):
        assert transcript_alignment(output, target, rate) is None
    assert transcript_alignment("a", "a", None) is None


def test_the_classes_of_an_output_are_named_alike() -> None:
    scores = [0.5, 0.75, 0.75]
    assert class_scores(scores) == scores and class_scores([1]) is class_scores("x") is None
    assert best_classes(scores, 2) == [1, 2]
    assert output_text(scores, ["cat", "dog"]) == "dog"
    assert output_text([2], ["cat", "dog"]) == "class 2"


def test_a_medium_inside_a_file_is_named_with_its_file_everywhere() -> None:
    place = MediaPlace("image", "a.png", "/data/x.tar", inside=PlaceInFile(512, 100))
    sample = StoredSample("sample", "s", media={"image": place}, target="x")
    columns = {
        "error": [None],
        "value": ['"y"'],
        "exact_match": [[0.0]],
        "exact_match:score": [0.0],
    }
    run = run_of([sample], columns, NAMES[:1])
    table = worst_samples(run)
    assert table is not None
    assert dict(zip(table.columns, table.rows[0], strict=True))["input image"] == place_text(place)
    assert csv_row(run[0])["media:image"] == place_text(place) == "a.png in /data/x.tar"
