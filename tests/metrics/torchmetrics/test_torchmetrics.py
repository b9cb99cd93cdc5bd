"""Metrics of torchmetrics by the names of their classes, beside calling torchmetrics itself."""

import math
import re
import urllib.request
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mmbench
from mmbench import metric_names
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.engine.scoring.measure import measure
from mmbench.errors import Missing, UnknownName, UserError
from mmbench.metrics.torchmetrics.classes import class_modules, load_class
from mmbench.metrics.torchmetrics.network import no_network
from mmbench.types import Media, Prediction, Score
from tests.support.media.images import image_medium

RNG = np.random.default_rng(7)
SAID = ["the cat sat on the mat", "a dog runs", "two birds in a tree"]
RIGHT = [["the cat is on the mat", "a cat sat on a mat"], ["the dog runs"], ["two birds", "a tree"]]
TEXTS = [
    Prediction(str(i), said, right) for i, (said, right) in enumerate(zip(SAID, RIGHT, strict=True))
]
ONE = [Prediction(p.id, p.value, p.target[:1]) for p in TEXTS]

LOGITS = RNG.normal(size=(30, 4)).astype(np.float32)
LABELS = RNG.integers(4, size=30)
MARKS = RNG.random((30, 4)) < 0.4


def classes(scores: Any, targets: Sequence[Any], scale: Any = "logits") -> list[Prediction]:
    """Predictions in an order that is not that of the ids."""
    rows = list(zip(scores, targets, strict=True))
    return [Prediction(f"{i:02}", *rows[i], scores=scale) for i in reversed(range(len(rows)))]


SINGLE = classes(LOGITS, [int(label) for label in LABELS])
SEVERAL = classes(LOGITS, [np.flatnonzero(row).tolist() for row in MARKS])
BINARY = classes(LOGITS[:, :2], [int(label % 2) for label in LABELS])


REAL = RNG.integers(0, 256, (3, 24, 24, 3), dtype=np.uint8)
DRAWN = np.clip(REAL + RNG.integers(-30, 31, REAL.shape), 0, 255).astype(np.uint8)
IMAGES = [Prediction(str(i), image_medium(DRAWN[i]), image_medium(REAL[i])) for i in range(3)]


def tensors(images: Any) -> Any:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def score(name: str, predictions: Sequence[Prediction], **options: Any) -> Score:
    return mmbench.metric(f"torchmetrics[{name}]", **options)(predictions)


def direct(name: str, *inputs: Any, **options: Any) -> Any:
    metric = load_class(name)(**options)
    metric.update(*inputs)
    return metric.compute()


PREDS, TARGET = torch.from_numpy(LOGITS), torch.from_numpy(LABELS)
MULTI = PREDS, torch.from_numpy(MARKS.astype(np.int64))
FIRST = [own[0] for own in RIGHT]


@pytest.mark.parametrize(
    ("name", "predictions", "options", "inputs", "filled"),
    [
        ("BLEUScore", TEXTS, {"n_gram": 2, "smooth": True}, (SAID, RIGHT), {}),
        ("CHRFScore", TEXTS, {}, (SAID, RIGHT), {}),
        ("TranslationEditRate", TEXTS, {"lowercase": False}, (SAID, RIGHT), {}),
        ("WordErrorRate", ONE, {}, (SAID, FIRST), {}),
        ("EditDistance", ONE, {"substitution_cost": 2}, (SAID, FIRST), {}),
        ("MulticlassF1Score", SINGLE, {"average": "weighted"}, (PREDS, TARGET), {"num_classes": 4}),
        ("MulticlassAccuracy", SINGLE, {"top_k": 2}, (PREDS, TARGET), {"num_classes": 4}),
        ("AUROC", SINGLE, {}, (PREDS, TARGET), {"task": "multiclass", "num_classes": 4}),
        ("MatthewsCorrCoef", SINGLE, {}, (PREDS, TARGET), {"task": "multiclass", "num_classes": 4}),
        ("F1Score", SEVERAL, {"threshold": 0.4}, MULTI, {"task": "multilabel", "num_labels": 4}),
        ("MultilabelRankingLoss", SEVERAL, {}, MULTI, {"num_labels": 4}),
        (
            "BinaryF1Score",
            BINARY,
            {},
            (torch.softmax(PREDS[:, :2].double(), 1)[:, 1], TARGET % 2),
            {},
        ),
        (
            "StructuralSimilarityIndexMeasure",
            IMAGES,
            {"kernel_size": 5},
            (tensors(DRAWN), tensors(REAL)),
            {"data_range": 1.0},
        ),
        (
            "PeakSignalNoiseRatio",
            IMAGES,
            {},
            (tensors(DRAWN), tensors(REAL)),
            {"data_range": 1.0},
        ),
        ("TotalVariation", IMAGES, {"reduction": "mean"}, (tensors(DRAWN),), {}),
    ],
)
def test_a_value_is_that_of_torchmetrics(
    name: str, predictions: list[Prediction], options: Any, inputs: Any, filled: Any
) -> None:
    found = score(name, predictions, **options)
    assert found.value == pytest.approx(float(direct(name, *inputs, **options, **filled)), rel=1e-5)
    told = found.signature.split(",")
    assert {f"class={name}", *(f"{key}=" for key in filled)} <= {
        part if part.startswith("class=") else part.partition("=")[0] + "=" for part in told
    }
    assert found.fold == "whole"
    assert found.reason == "no interval: the metric has one value for the whole set"


def test_version_class_and_options_are_in_the_signature() -> None:
    found = score("BLEUScore", TEXTS, smooth=True, n_gram=2, weights=[0.25, 0.75])
    version = import_module("torchmetrics").__version__
    head = f"fold=whole,torchmetrics={version},class=BLEUScore"
    assert found.signature == f"{head},n_gram=2,smooth=true,weights=0.25;0.75"
    assert (found.better, found.worst, found.best) == ("higher", None, 1.0)
    assert (score("WordErrorRate", ONE).better, score("WordErrorRate", ONE).best) == ("lower", 0.0)


def test_one_of_several_results_is_chosen_by_the_task() -> None:
    keys = ["rouge1", "rougeL"]
    found = score("ROUGEScore", TEXTS, rouge_keys=keys, output="rougeL_recall")
    right = direct("ROUGEScore", SAID, RIGHT, rouge_keys=tuple(keys))
    assert found.value == pytest.approx(float(right["rougeL_recall"]))
    unsaid = score("ROUGEScore", TEXTS, rouge_keys=keys)
    assert math.isnan(unsaid.value)
    assert (
        "set `output` in metric_options to one of the outputs: rouge1_fmeasure, " in unsaid.reason
    )
    first = score("MultilabelSpecificity", SEVERAL, better="higher")
    assert first.value == pytest.approx(
        float(direct("MultilabelSpecificity", *MULTI, num_labels=4))
    )


def test_logits_that_look_like_probabilities_are_not_taken_for_some() -> None:
    small = classes(LOGITS / 20 + 0.5, [np.flatnonzero(row).tolist() for row in MARKS])
    assert all(0 <= value <= 1 for p in small for value in p.value)
    found = score("MultilabelF1Score", small)
    sure = torch.sigmoid(torch.from_numpy(LOGITS / 20 + 0.5).double())
    assert found.value == float(direct("MultilabelF1Score", sure, MULTI[1], num_labels=4))
    assert "scores=sigmoid" in found.signature
    given = classes(sure.numpy(), [p.target for p in reversed(small)], "probabilities")
    assert "scores=as-returned" in score("MultilabelF1Score", given).signature


def test_failed_predictions_are_left_out() -> None:
    failed = [*TEXTS, Prediction("z", error="no answer", target=["a cat"])]
    assert score("BLEUScore", failed, n_gram=1).value == score("BLEUScore", TEXTS, n_gram=1).value
    lost = [*IMAGES, Prediction("z", Media("image", "z", lambda: b"no image"), IMAGES[0].target)]
    name = "torchmetrics[PeakSignalNoiseRatio]"
    info = measure([name], {"": [lost]}).scores[name]
    assert (info.value, info.failed) == (score("PeakSignalNoiseRatio", IMAGES).value, 1)


@pytest.mark.parametrize(
    ("name", "predictions", "options", "reason"),
    [
        ("WordErrorRate", TEXTS, {}, "the metric takes one reference, but sample 0 has 2"),
        ("BLEUScore", [Prediction("a", "x")], {}, "sample a has no reference texts"),
        (
            "BLEUScore",
            SINGLE,
            {},
            "the metric takes texts, but the output of sample 00 is a ndarray",
        ),
        ("BLEUScore", [], {}, "no predictions to score"),
        ("Perplexity", TEXTS, {}, "the metric takes other inputs than texts and references"),
        ("MulticlassF1Score", TEXTS, {}, "sample 0"),
        ("MulticlassF1Score", SEVERAL, {}, "correct labels? for"),
        (
            "MultilabelF1Score",
            SINGLE,
            {},
            "the metric needs several labels, but samples have one$",
        ),
        ("BinaryF1Score", SINGLE, {}, "the metric needs two classes, but there are 4"),
        (
            "F1Score",
            SINGLE,
            {"average": "none"},
            "has 4 numbers, but one is needed; choose another `average`",
        ),
        ("MulticlassAccuracy", SINGLE, {"top_k": 9}, "top_k"),
        (
            "ConfusionMatrix",
            SINGLE,
            {},
            "the result of the metric has 16 numbers, but one is needed$",
        ),
        ("Specificity", SINGLE, {}, "does not say which direction is better"),
        (
            "PearsonCorrCoef",
            SINGLE,
            {},
            "in torchmetrics.regression, but mmbench has inputs only for",
        ),
        ("StructuralSimilarityIndexMeasure", TEXTS, {}, "takes images, but sample 0 has no draw"),
        ("TotalVariation", [], {}, "no predictions to score"),
        (
            "PeakSignalNoiseRatio",
            [Prediction("a", image_medium(REAL[0]))],
            {},
            "sample a has no real image",
        ),
        (
            "PeakSignalNoiseRatio",
            [
                Prediction(
                    "a",
                    image_medium(REAL[0]),
                    image_medium(REAL[0, :9]),
                )
            ],
            {},
            "24 x 24 pixels and its real image 24 x 9; give the task a `size`",
        ),
        (
            "PeakSignalNoiseRatio",
            [
                Prediction(
                    "a",
                    image_medium(REAL[0]),
                    image_medium(REAL[0]),
                )
            ],
            {},
            "inf",
        ),
    ],
)
def test_what_does_not_fit_is_no_number_with_the_reason(
    name: str, predictions: list[Prediction], options: Any, reason: str
) -> None:
    form = f"torchmetrics[{name}]"
    info = measure([form], {"": [predictions]}, options={form: options}).scores[form]
    assert info.value is None
    assert re.search(reason, info.reason)
    assert "\n" not in info.reason
    assert f"class={name}" in info.signature


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("FrechetInceptionDistance", r"loads a model \(option feature\)"),
        ("CLIPScore", r"loads a model \(option model_name_or_path\)"),
        ("BERTScore", r"loads a model \(option model_name_or_path\)"),
        ("ROUGEScore", "requires that `nltk` is installed"),
    ],
)
def test_what_loads_a_model_or_lacks_a_package_cannot_run_here(name: str, reason: str) -> None:
    form = f"torchmetrics[{name}]"
    if name == "ROUGEScore" and find_spec("nltk"):
        pytest.skip("nltk is installed")
    measured = measure([form, "exact_match"], {"": [TEXTS]})
    assert re.search(reason, measured.scores[form].reason)
    assert measured.scores["exact_match"].value == 0.0
    with pytest.raises(Missing, match=reason):
        score(name, TEXTS)


def test_a_path_to_weights_is_never_opened(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="loads a model"):
        score("FrechetInceptionDistance", IMAGES, feature_extractor_weights_path=str(tmp_path))


def test_nothing_is_fetched_from_the_network() -> None:
    with no_network(), pytest.raises(OSError, match="may not fetch anything from the network"):
        urllib.request.urlopen("http://127.0.0.1:9/weights.pth")
    with pytest.raises(OSError) as refused:  # by the port, when it is over
        urllib.request.urlopen("http://127.0.0.1:9/weights.pth")
    assert "may not fetch" not in str(refused.value)


def test_every_public_class_is_known_and_no_other() -> None:
    load_class("BLEUScore")
    package = import_module("torchmetrics")
    public = set()
    for domain in {module.split(".")[1] for module in class_modules().values()}:
        public |= set(import_module(f"torchmetrics.{domain}").__all__)
    assert public <= set(class_modules())
    assert issubclass(load_class("StructuralSimilarityIndexMeasure"), package.Metric)
    for wrong in (
        "BLEUscor",
        "Metric",
        "BootStrapper",
        "os.system",
        "text.bleu.BLEUScore",
        "CLASS",
    ):
        with pytest.raises(UnknownName, match="unknown metric class of torchmetrics"):
            metric_names.metric(f"torchmetrics[{wrong}]")
    with pytest.raises(UnknownName, match=r"did you mean torchmetrics\[CLASS\]"):
        metric_names.metric("torchmetrics")


TASK = """
kind: writing
data: {source: shapes-captions, images: 6}
fields: {image: image}
metrics: ["torchmetrics[BLEUScore]", "torchmetrics[WordErrorRate]", bleu@2]
headline: torchmetrics[BLEUScore]
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{ngram: 2}", r"option of metric torchmetrics\[BLEUScore\] 'ngram': did you mean n_gram"),
        ("{n_gram: two}", "n_gram of .* must be an integer, not 'two'"),
        ("{better: most}", "must be one of higher, lower, not 'most'"),
    ],
)
def test_options_are_checked_before_a_run(tmp_path: Path, options: str, message: str) -> None:
    path = tmp_path / "told.yaml"
    path.write_text(f'{TASK}metric_options: {{"torchmetrics[BLEUScore]": {options}}}\n')
    with pytest.raises(UserError, match=message):
        find_task(str(path), RunSettings())
    with pytest.raises(UserError, match="needs beta; set in the task metric_options"):
        metric_names.check_metric("torchmetrics[MulticlassFBetaScore]", "classification")
    with pytest.raises(UserError, match="measures tasks of kind"):
        metric_names.check_metric("torchmetrics[BLEUScore]", "retrieval")


def test_a_task_runs_with_metrics_of_torchmetrics(tmp_path: Path) -> None:
    path = tmp_path / "told.yaml"
    path.write_text(f'{TASK}metric_options: {{"torchmetrics[BLEUScore]": {{n_gram: 2}}}}\n')
    scores = run("oracle", str(path)).record.scores
    assert scores["torchmetrics[BLEUScore]"].value == 1.0
    assert scores["bleu@2"].value == pytest.approx(1.0)
    assert "class=BLEUScore,n_gram=2" in scores["torchmetrics[BLEUScore]"].signature
    assert scores["torchmetrics[WordErrorRate]"].value is None
