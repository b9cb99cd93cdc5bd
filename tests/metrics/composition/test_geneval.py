"""The metric geneval@DETECTOR: what it asks, what it scores, and whole runs with tiny models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench import metric_names
from mmbench.cli import main
from mmbench.errors import Missing, UserError
from mmbench.media import read_bytes
from mmbench.metrics.composition.colors import COLORS
from mmbench.metrics.composition.geneval import geneval
from mmbench.storage import records as store
from mmbench.storage.run_lookup import find_run
from mmbench.types import Detection, InvalidContent, Media, Prediction
from tests.support.checkpoints.contrastive import build
from tests.support.checkpoints.detectors import mask2former, yolos
from tests.support.files import write_file
from tests.support.media.images import noise_image

WANTS: Any = geneval.info.wants  # type: ignore[attr-defined]


def prediction(image: object, tag: str = "colors", **requirements: object) -> Prediction:
    text = json.dumps({"tag": tag, **requirements})
    return Prediction("1", image, inputs={"text": "a prompt", "requirements": text})


def found(label: str, left: float, score: float = 0.95) -> Detection:
    return Detection(label, score, (left, 0, left + 10, 10))


def axis(color: str) -> Any:
    """The embedding of a colour: one axis for each."""
    return np.eye(10, dtype=np.float32)[COLORS.index(color)]


TEXTS = np.repeat(np.eye(10, dtype=np.float32), 3, axis=0)
TWO_COLORS = {
    "include": [
        {"class": "computer mouse", "count": 2, "color": "red"},
        {"class": "dog", "count": 1, "color": "blue"},
    ]
}


def test_what_is_asked_of_both_models(tmp_path: Path) -> None:
    noise_image(0).save(tmp_path / "a.png")
    image = Media("image", str(tmp_path / "a.png"))
    one = prediction(image, **TWO_COLORS)
    assert WANTS.contents(one) == {"objects": [image]}
    assert (WANTS.method, len(WANTS.labels)) == ("detect", 80)
    objects = [found("mouse", 0), found("mouse", 20, 0.99), found("mouse", 9, 0.4), found("dog", 5)]
    asked = WANTS.then.contents(one, {"objects": [objects]})
    assert [crop.name.split(" in ")[0] for crop in asked["crop"]] == ["mouse", "mouse", "dog"]
    assert read_bytes(asked["crop"][0])[:4] == b"\x89PNG"
    assert len(asked["color"]) == 60
    assert asked["color"][0] == "a photo of a red computer mouse"
    assert asked["color"][-2] == "a photo of a white-colored dog"
    # Without enough objects, the colours do not matter.
    asked = WANTS.then.contents(one, {"objects": [objects[:1]]})
    assert asked == {"crop": [], "color": []}
    asked = WANTS.then.contents(prediction(image, include=[]), {"objects": [objects]})
    assert asked == {"crop": [], "color": []}


def score(one: Prediction, objects: list[Detection], *colors: str, classes: int = 0) -> list[str]:
    features = {
        "objects": [objects],
        "crop": np.array([axis(color) for color in colors]).reshape(-1, 10),
        "color": np.tile(TEXTS, (classes, 1)).reshape(-1, 10),
    }
    measured = geneval([one], "segmenter", features=[features])
    assert measured.rows.tolist() == [[float(not measured.details["reason"][0])]]
    return list(measured.details["reason"])


def test_by_hand() -> None:
    one = prediction(Media("image", "a.png"), **TWO_COLORS)
    objects = [found("mouse", 0), found("mouse", 20, 0.99), found("dog", 5)]
    assert score(one, objects, "red", "red", "blue", classes=2) == [""]
    assert score(one, objects, "red", "red", "green", classes=2) == [
        "expected blue dog, found green"
    ]
    assert score(one, objects[:2], "red", "pink", classes=1) == [
        "expected red computer mouse, found red and pink; expected dog >= 1, found 0"
    ]
    assert score(one, []) == ["expected computer mouse >= 2, found 0; expected dog >= 1, found 0"]
    counting = prediction(
        Media("image", "a.png"),
        "counting",
        include=[{"class": "dog", "count": 2}],
        exclude=[{"class": "dog", "count": 3}],
    )
    assert score(counting, [found("dog", 0), found("dog", 9)]) == [""]
    assert score(counting, [found("dog", 0), found("dog", 9), found("dog", 30)]) == [
        "expected dog < 3, found 3"
    ]


def test_the_signature_and_the_range() -> None:
    measured = geneval([], "segmenter", features=[])
    assert np.isnan(measured.value)
    assert measured.signature == (
        "fold=mean,threshold=0.3,counting=0.9,most=16,position=0.1,colors=10,templates=3,"
        "background=#999"
    )
    assert (measured.better, measured.worst, measured.best) == ("higher", 0, 1)


@pytest.mark.parametrize(
    ("clause", "reason"),
    [
        ({"class": "unicorn", "count": 1}, "'unicorn' is not one of the 80 classes of COCO"),
        ({"class": "dog", "count": 0}, "the count of 'dog' is 0; give 1 or more"),
        ({"class": "dog", "count": 1, "color": "grey"}, "the color 'grey' is not one of red,"),
        ({"class": "dog", "count": 1, "position": ["left of", 0]}, "is 'left of' of clause 0"),
        ({"class": "dog", "count": 1, "position": ["near", 0]}, "is 'near' of clause 0"),
        ({"class": "dog"}, "not valid: Object missing required field `count`"),
    ],
)
def test_requirements_that_cannot_be_judged(clause: Any, reason: str) -> None:
    (asked,) = WANTS.contents(prediction(Media("image", "a.png"), include=[clause]))["objects"]
    assert isinstance(asked, InvalidContent)
    assert reason in asked.reason


def test_outputs_that_cannot_be_judged() -> None:
    for one in (
        Prediction("1", Media("image", "a.png"), inputs={"text": "a prompt"}),
        prediction("a text", include=[]),
        Prediction("1", Media("image", "a.png"), inputs={"requirements": "{"}),
    ):
        (asked,) = WANTS.contents(one)["objects"]
        assert isinstance(asked, InvalidContent)


def test_the_detector_is_in_the_name() -> None:
    with pytest.raises(UserError, match="geneval"):
        metric_names.metric("geneval")
    assert metric_names.metric("geneval@segmenter@a,clip@b")[1] == "segmenter@a,clip@b"
    with pytest.raises(Missing, match="use another model: geneval@NAME@FOLDER"):
        mmbench.metric("geneval@segmenter@/no")([])
    with pytest.raises(
        UserError, match="needs a model with the method detect for image, which clip-nano"
    ):
        mmbench.metric("geneval@clip-nano")([])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny detectors of COCO's classes, with boxes and with masks, and a tiny CLIP."""
    root = tmp_path_factory.mktemp("models")
    names = list(WANTS.labels)
    return {
        "detector": yolos(root / "boxes", names),
        "segmenter": mask2former(root / "masks", names),
        "clip": build("clip", root / "clip"),
    }


# Classes that the tiny models find in almost any image.
COMMON = {"detector": "baseball glove", "segmenter": "stop sign"}


def metadata(name: str) -> str:
    """Lines of evaluation_metadata.jsonl: an object, and an object of a colour."""
    plain, red = {"class": name, "count": 1}, {"class": name, "count": 1, "color": "red"}
    return "\n".join(
        json.dumps({"tag": tag, "include": [clause], "prompt": f"a photo of a {name}"})
        for tag, clause in (("single_object", plain), ("colors", red))
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["detector", "segmenter"])
def test_a_run_with_tiny_models(
    tmp_path: Path, models: dict[str, Path], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_file(tmp_path / "data" / "evaluation_metadata.jsonl", metadata(COMMON[kind]))
    metric = f"geneval@{kind}@{models[kind]},clip@{models['clip']}"
    task = write_file(
        tmp_path / "tiny.yaml",
        "name: tiny\nversion: 1\nkind: drawing\nsummary: two prompts\nlicence: MIT\n"
        "data: {source: geneval, images: 2}\nfields: {prompt: text}\n"
        f'metrics: ["{metric}"]\nheadline: "{metric}{{macro:tag}}"\nbreakdowns: [tag]\n',
    )
    out = tmp_path / "out"
    words = ["-t", str(task), "--data", str(data.parent), "--out", str(out), "--allow-failed", "4"]
    assert main(["run", "-m", "unified-nano", *words]) == 0
    run = find_run("latest", str(out), "tiny")
    scores = run.record.scores
    assert set(scores) == {metric, f"{metric}{{macro:tag}}"}
    assert scores[metric].n + len(run.record.failures) == 4
    # Boxes of the tiny detector may be empty.
    assert all("the box has no pixels" in str(why) for _, why in run.record.failures)
    assert f"features={kind}#" in scores[metric].signature
    assert "then_features=clip#" in scores[metric].signature
    reasons = list(store.read_table(run, [f"{metric}:reason"])[f"{metric}:reason"])
    assert set(reasons) & {"", *(f"expected red {COMMON[kind]}, found {one}" for one in COLORS)}
    # 4 images and 4 detections, and at least one crop with 30 texts.
    assert run.record.counts["requests"] > 38
    capsys.readouterr()
    # The detections are in the journal: nothing is computed again.
    assert main(["run", "-m", "unified-nano", *words]) == 0
    assert find_run("latest", str(out), "tiny").record.counts["computed"] == 0
