"""Measuring: metrics that want a model, breakdowns by tag, directions summed, rows stored."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

import mmbench
from mmbench import metric_names, stats
from mmbench.columns import table
from mmbench.engine.context import run_context
from mmbench.engine.options import RunSettings
from mmbench.engine.recording.rows import rows_table, stored_predictions
from mmbench.engine.rescore import rescore
from mmbench.engine.run import run
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.engine.scoring.measure import measure
from mmbench.errors import DataError, MissingExtra, SampleError, UserError
from mmbench.storage import records as store
from mmbench.storage.run_lookup import find_run
from mmbench.types import (
    FeatureRequest,
    Features,
    InvalidContent,
    Media,
    Prediction,
    Predictions,
    Score,
)
from tests.support.layouts.coco import make_coco
from tests.support.toy_models import COLOURS


def _colour_contents(prediction: Prediction) -> dict[str, list[object]]:
    return {"text": [prediction.value], "image": [prediction.inputs["image"]]}


@mmbench.register("metric", "test_colour")
@mmbench.declare(
    better="higher",
    worst=0,
    best=1,
    wants=FeatureRequest(
        contents=_colour_contents,
        modalities={"text": ("text", "query"), "image": ("image", "document")},
        model="test-means",
    ),
)
def colour(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """Cosine of a text and its image, by the model test-means."""
    return stats.score([float(f["text"][0] @ f["image"][0]) for f in features])


@mmbench.register("metric", "test_length")
def length(predictions: Sequence[Prediction]) -> Score:
    """Mean number of letters."""
    return stats.score([len(p.value) for p in predictions], worst=0)


def drawn(folder: Path, n: int = 4) -> list[Prediction]:
    make_coco(folder, n)
    images = sorted((folder / "images").glob("*.png"))
    names = list(COLOURS)
    return [
        Prediction(f"{i}", f"a {names[i % 3]} thing", inputs={"image": Media("image", str(path))})
        for i, path in enumerate(images)
    ]


def test_a_metric_gets_the_features_it_wants(tmp_path: Path) -> None:
    score = mmbench.metric("test_colour")(drawn(tmp_path / "coco"))
    assert score.rows.shape == (4, 1)
    assert score.value > 0.6
    assert "features=test-means#" in score.signature


def test_a_content_that_fails_in_the_metrics_model_fails_its_prediction_alone(
    tmp_path: Path,
) -> None:
    made = drawn(tmp_path / "coco")
    made[2] = Prediction("2", "a text", inputs={"image": InvalidContent("no image")})
    with run_context(RunSettings(device="cpu")) as context:
        feature_extractor = FeatureExtractor(context)
        measured = measure(
            ["test_colour", "test_length"], {"": [made]}, feature_extractor=feature_extractor
        )
    assert (measured.scores["test_colour"].n, measured.scores["test_colour"].failed) == (3, 1)
    assert measured.scores["test_colour"].bounds is not None
    assert (measured.scores["test_length"].n, measured.scores["test_length"].failed) == (4, 0)
    table = rows_table(Predictions({"": [made]}), measured.metrics)
    assert [row is None for row in table["test_colour"]] == [False, False, True, False]
    assert table["test_length"][2] == [6.0]


def test_the_features_of_equal_predictions_are_computed_once(tmp_path: Path) -> None:
    made = table(Prediction, drawn(tmp_path / "coco"), ["inputs"])
    wants = metric_names.metric_info("test_colour").wants
    assert wants is not None
    with run_context(RunSettings(device="cpu")) as context:
        feature_extractor = FeatureExtractor(context)
        first = feature_extractor.features("test_colour", wants, made)
        assert feature_extractor.features("test_colour", wants, made.take(np.arange(4))) is first
        assert feature_extractor.features("test_colour", wants, list(made)) is not first
        assert feature_extractor.features("test_colour", wants, made[::-1]) is not first


@mmbench.register("metric", "test_all_colours")
@mmbench.declare(
    better="higher",
    worst=0,
    best=1,
    wants=FeatureRequest(
        contents=lambda p: {**_colour_contents(p), "image": [] if p.error else [p.inputs["image"]]},
        modalities={"text": ("text", "query"), "image": ("image", "document")},
        model="test-means",
        failed=True,
    ),
)
def all_colours(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """As test_colour, of failed predictions too, which count 0."""
    values = [float(f["text"][0] @ f["image"][0]) if len(f["image"]) else 0.0 for f in features]
    return stats.score(values)


def test_rows_stand_by_position_in_two_directions_and_splits(tmp_path: Path) -> None:
    made = drawn(tmp_path / "coco", 3)
    made[1] = Prediction("1", "a text", inputs={"image": InvalidContent("no image")})
    directions = {"there": [made, made[:1]], "back": [made[1:]]}
    with run_context(RunSettings(device="cpu")) as context:
        feature_extractor = FeatureExtractor(context)
        found = measure(
            ["test_all_colours", "test_length"], directions, feature_extractor=feature_extractor
        ).metrics
    table = rows_table(Predictions(directions), found)
    texts = [*made, made[0], *made[1:]]
    assert [row[0] > 0 for row in table["test_all_colours"]] == [p.id != "1" for p in texts]
    assert [row[0] for row in table["test_length"]] == [len(p.value) for p in texts]


def _other_colour(prediction: Prediction, features: Features) -> dict[str, list[object]]:
    assert features["image"].shape == (1, 3)
    return {"other": [prediction.inputs["image"]] * int(features["text"][0, 0] > 0.5)}


_TWO_MODELS = FeatureRequest(
    contents=_colour_contents,
    modalities={"text": ("text", "query"), "image": ("image", "document")},
    model="test-means",
    then=FeatureRequest(
        _other_colour, {"other": ("image", "document")}, model="clip-nano", uses_features=True
    ),
)


@mmbench.register("metric", "test_two_models")
@mmbench.declare(better="higher", worst=0, wants=_TWO_MODELS)
def two_models(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """The length of the second model's vectors."""
    return stats.score([len(f["other"]) and f["other"].shape[1] for f in features])


def test_a_second_model_sees_the_features_of_the_first(tmp_path: Path) -> None:
    made = drawn(tmp_path / "coco")
    made[2] = Prediction("2", "a text", inputs={"image": InvalidContent("no image")})
    score = mmbench.metric("test_two_models")(made)
    assert [bool(row[0]) for row in score.rows] == [
        p.value.startswith("a red") for p in made if p.id != "2"
    ]
    assert re.search("features=test-means#[0-9a-f]{8},then_features=clip-nano#", score.signature)
    swapped = mmbench.metric("test_two_models@,test-means")(made)
    assert sorted(set(swapped.rows[:, 0])) == [0, 3]
    assert "then_features=test-means#" in swapped.signature


def test_the_names_of_two_models() -> None:
    both = _TWO_MODELS.with_models("a@x,b@y,z").chain()
    assert [one.model for one in both] == ["a@x", "b@y,z"]
    assert [one.model for one in _TWO_MODELS.with_models("a").chain()] == ["a", "clip-nano"]
    single = structs.replace(_TWO_MODELS, then=None)
    assert single.with_models("a,b").model == "a,b"


def test_two_requests_share_no_name() -> None:
    wants = structs.replace(_TWO_MODELS, then=structs.replace(_TWO_MODELS, then=None))
    with pytest.raises(UserError, match="two requests of wants have contents called 'image'"):
        mmbench.declare(wants=wants)
    with pytest.raises(UserError, match="the first request of wants has uses_features"):
        mmbench.declare(wants=_TWO_MODELS.then)


def test_a_second_model_may_ignore_the_first(tmp_path: Path) -> None:
    wants = structs.replace(
        _TWO_MODELS,
        then=FeatureRequest(
            lambda p: {"again": [p.inputs["image"]]},
            {"again": ("image", "document")},
            model="test-means",
        ),
    )
    made = drawn(tmp_path / "coco")
    with run_context(RunSettings(device="cpu")) as context:
        found = FeatureExtractor(context).features("x", wants, made).features
    assert all((one["again"] == one["image"]).all() for one in found)


def tagged(*entries: tuple[str, str]) -> list[Prediction]:
    return [Prediction(f"{i}", v, tags={"type": t}) for i, (t, v) in enumerate(entries)]


def test_breakdowns_are_given_by_value_and_as_their_mean() -> None:
    made = tagged(("short", "ab"), ("short", "abcd"), ("long", "abcdefgh"), ("", "x"))
    measured = measure(["test_length"], {"": [made]}, breakdowns=["type", "nothing"])
    assert measured.scores["test_length"].value == 15 / 4  # micro: over all samples
    assert measured.scores["test_length{macro:type}"].value == (3 + 8) / 2
    assert "macro=type" in measured.scores["test_length{macro:type}"].signature
    parts = {value: found["test_length"] for value, found in measured.breakdowns["type"].items()}
    assert {value: (part.value, part.n) for value, part in parts.items()} == {
        "long": (8.0, 1),
        "short": (3.0, 2),
    }
    assert "nothing" not in measured.breakdowns


def test_the_mean_over_a_single_value_is_one_where_it_is_the_headline() -> None:
    made, name = tagged(("short", "ab"), ("", "x")), "test_length{macro:type}"
    assert name not in measure(["test_length"], {"": [made]}, breakdowns=["type"]).scores
    found = measure(["test_length"], {"": [made]}, breakdowns=["type"], headline=name).scores[name]
    assert (found.value, found.n, found.failed, found.fold) == (2, 1, 1, "split-mean:mean")
    assert found.signature.startswith("macro=type,splits=1,")


@mmbench.register("metric", "test_few_rows")
def few_rows(predictions: Sequence[Prediction]) -> Score:
    """A row too few."""
    return stats.score([0.0] * (len(predictions) - 1))


def test_rows_that_belong_to_no_prediction_are_refused() -> None:
    with pytest.raises(UserError, match="returned 1 row for 2 predictions"):
        measure(["test_few_rows"], {"": [tagged(("a", "b"), ("a", "c"))]})


def test_nothing_measured_is_no_number() -> None:
    measured = measure(["test_length"], {"": [[Prediction("a", error="gone")]]})
    score = measured.scores["test_length"]
    assert (score.value, score.n, score.failed) == (None, 0, 1)


def test_predictions_come_back_from_their_stored_rows() -> None:
    scores = np.array([0.5, 0.25, 0.125], np.float32)
    made = [
        Prediction("a", scores, 1, group="g", tags={"k": "v"}),
        Prediction("b", 2, 0),
        Prediction("c", error="gone", target=1),
    ]
    back = list(stored_predictions(rows_table(Predictions({"": [made]}), [])).each())
    assert back[0].value.tolist() == scores.tolist()
    assert [(p.id, p.target, p.error, p.group, p.tags) for p in back] == [
        ("a", 1, None, "g", {"k": "v"}),
        ("b", 0, None, "", {}),
        ("c", 1, "gone", "", {}),
    ]
    assert back[1].value == 2


def test_rescoring_gives_the_scores_of_a_run_without_a_forward(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco", 9)
    options = RunSettings(data=folder, device="cpu")
    first = run("test-means", "coco-retrieval", options)
    path = store.write_record(tmp_path / "out", first.record, first.rows)
    again = rescore(path, out=str(tmp_path / "out"))
    assert again.record.scores == first.record.scores
    assert again.record.counts["computed"] == 0
    assert again.record.task == first.record.task
    other = rescore(path, metrics=("recall@2",)).record
    assert set(other.scores) == {"recall@2[text-to-image]", "recall@2[image-to-text]"}
    assert f"rescored from {first.record.run}" in other.notes


def test_rescoring_without_rows_says_where_they_should_be(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    first = run("test-means", "coco-retrieval", RunSettings(data=folder, device="cpu"))
    path = Path(store.write_record(tmp_path / "out", first.record, first.rows))
    path.with_suffix(".parquet").unlink()
    with pytest.raises(DataError, match=r"no file of rows at .*\.parquet"):
        rescore(first.record.run, out=str(tmp_path / "out"))


def test_equal_rows_are_stored_once(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    first = run("test-means", "coco-retrieval", RunSettings(data=folder, device="cpu"))
    assert first.rows["mean_rank"] == first.rows["median_rank"]
    path = store.write_record(tmp_path / "out", first.record, first.rows)
    table = store.read_table(find_run(path))
    assert table["median_rank"] == first.rows["mean_rank"]
    assert not any(math.isnan(row[0]) for row in table["median_rank"])


@mmbench.register("metric", "test_absent")
def absent(predictions: Sequence[Prediction]) -> Score:
    """Needs a library that nobody has."""
    raise MissingExtra("metric test_absent", "nolib", "nolib")


def test_a_metric_whose_library_is_absent_does_not_cost_the_others() -> None:
    made = tagged(("a", "b"), ("a", "bcd"))
    scores = measure(["test_absent", "test_length"], {"": [made]}).scores
    assert scores["test_length"].value == 2
    assert scores["test_absent"].value is None
    assert "pip install 'nolib'" in scores["test_absent"].reason
    with pytest.raises(MissingExtra, match="nolib"):
        measure(["test_absent"], {"": [made]})


def test_a_metric_takes_another_model_by_its_name(tmp_path: Path) -> None:
    made = drawn(tmp_path / "coco")
    own = mmbench.metric("test_colour")(made)
    other = mmbench.metric("test_colour@clip-nano")(made)
    assert "features=test-means#" in own.signature
    assert "features=clip-nano#" in other.signature
    assert own.value != other.value


@mmbench.register("metric", "test_picky")
def picky(predictions: Sequence[Prediction]) -> Score:
    """Cannot take a sample with an x."""
    for prediction in predictions:
        if "x" in prediction.value:
            raise SampleError(f"sample {prediction.id}: an x")
    return stats.score([len(p.value) for p in predictions], worst=0, best=9)


def test_a_sample_that_a_metric_cannot_take_fails_for_it_alone() -> None:
    made = tagged(("a", "b"), ("a", "x"), ("a", "bcd"))
    scores = measure(["test_picky", "test_length"], {"": [made]}).scores
    assert (scores["test_picky"].value, scores["test_picky"].failed) == (2, 1)
    assert measure(["test_picky"], {"": [made]}).rejected == [("1", "sample 1: an x")]
    assert (scores["test_length"].n, scores["test_length"].failed) == (3, 0)


def test_where_no_content_can_be_read_every_prediction_fails() -> None:
    made = [Prediction(str(i), "a", inputs={"image": InvalidContent("no image")}) for i in range(3)]
    with run_context(RunSettings(device="cpu")) as context:
        feature_extractor = FeatureExtractor(context)
        measured = measure(["test_colour"], {"": [made]}, feature_extractor=feature_extractor)
    score = measured.scores["test_colour"]
    assert (score.value, score.n, score.failed) == (None, 0, 3)
    assert measured.rejected[0] == ("0", "test_colour: no image")


def test_rescoring_by_what_was_not_stored_fails_and_says_so(tmp_path: Path) -> None:
    data = tmp_path / "refs.jsonl"
    data.write_text('{"id": "a", "references": ["x"]}\n{"id": "b", "references": ["y"]}\n')
    record = mmbench.score("captions", {"a": "x", "b": "z"}, data=data, out=tmp_path / "out").record
    again = rescore(record.run, out=str(tmp_path / "out"), metrics=("clipscore@clip-nano",)).record
    assert again.counts["failed"] == 2
    assert "give the images (--data PATH)" in again.failures[0][1]
