"""BERTScore on tiny encoders, beside bert-score and the definition written out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench import metric_names
from mmbench.errors import Missing, UserError
from mmbench.metrics.captions.semantic.baselines import read_options
from mmbench.metrics.captions.semantic.bertscore import (
    bertscore_f1,
    bertscore_precision,
    bertscore_recall,
)
from mmbench.models.texts.encoder import TextEncoder
from mmbench.types import InvalidContent, MatchRequest, Prediction, TokenMatches
from tests.support.checkpoints import text_encoders

ALL: list[Any] = [bertscore_precision, bertscore_recall, bertscore_f1]
PREDICTIONS = [
    Prediction(str(row), text, references)
    for row, (text, references) in enumerate(
        [
            ("a man on the beach", ["a man riding a horse on the beach", "a horse"]),
            ("two dogs play " * 9, ["two dogs play in the snow"]),
            ("cat", ["the cat sat on the mat.", "dogs " * 20, "birds sing"]),
            ("the", ["the food", "the water"]),
            ("\0", ["rice and beans"]),  # no token: bert-score fails on "" with transformers 5
            ("birds sing", ["birds sing", "water runs while birds sing"]),
        ]
    )
]


def ids(*numbers: int) -> Any:
    return np.array(numbers, np.int32)


def best(*cosines: float) -> Any:
    return np.array(cosines, np.float32)


def values(features: list[Any], **options: Any) -> Any:
    """Return precision, recall and F1 of each caption [n, 3]."""
    scores = [metric([], features=features, options=options) for metric in ALL]
    return np.concatenate([score.rows for score in scores], axis=1)


def matched(model: TextEncoder, predictions: list[Prediction]) -> list[Any]:
    """Return the features of predictions, as the engine makes them."""
    wants = bertscore_f1.info.wants  # type: ignore[attr-defined]
    requests = [wants.contents(prediction)["matches"][0] for prediction in predictions]
    assert all(isinstance(request, MatchRequest) for request in requests)
    return [{"matches": [one]} for one in model.match_tokens(requests)]


# Two captions. The first has the tokens 5 and 6; the second is empty.
WORKED = [
    {
        "matches": [
            TokenMatches(
                ids(-1, 5, 6, -1),
                [ids(-1, 5, -1), ids(-1, 7, 8, 5, -1)],
                [best(0.1, 1.0, 0.5, 0.1), best(0.1, 0.75, 0.25, 0.1)],
                [best(0.1, 1.0, 0.1), best(0.1, 0.5, 0.25, 0.75, 0.1)],
            )
        ]
    },
    {"matches": [TokenMatches(ids(-1, -1), [ids(-1, 9, -1)], [best(1, 1)], [best(1, 0.5, 1)])]},
]


def test_a_worked_example() -> None:
    # Precision (1 + 0.5) / 2, recall 1; the second reference is worse in both. The mean F1 has a 0.
    np.testing.assert_allclose(values(WORKED), [[0.75, 1, 1.5 / 1.75], [0, 0, 0]], atol=1e-12)
    score = bertscore_f1([], features=WORKED, options={})
    assert score.value == pytest.approx(0.75 / 1.75)
    assert score.signature == "fold=mean,references=max,idf=no,baseline=none"
    assert (score.better, score.best, score.worst) == ("higher", 1, None)


def test_idf_counts_the_references_that_contain_a_token() -> None:
    # Three references: two have 5, none has 6, one each has 7, 8 and 9.
    five, six, once = math.log(4 / 3), math.log(4), math.log(2)
    precision = (five * 1 + six * 0.5) / (five + six)
    recall = max(1.0, (once * 0.5 + once * 0.25 + five * 0.75) / (2 * once + five))
    found = values(WORKED, idf=True)[0]
    np.testing.assert_allclose(found[:2], [precision, recall], atol=1e-12)
    assert "idf=yes" in bertscore_f1([], features=WORKED, options={"idf": True}).signature


def test_a_baseline_becomes_zero(tmp_path: Path) -> None:
    file = tmp_path / "tiny.tsv"
    file.write_text("LAYER,P,R,F\n0,0.1,0.2,0.3\n1,0.25,0.5,0.75\n")
    by_file = values(WORKED, baseline=str(file), layer=1)
    np.testing.assert_array_equal(by_file, values(WORKED, baseline=[0.25, 0.5, 0.75]))
    plain = values(WORKED)
    np.testing.assert_allclose(by_file, (plain - [0.25, 0.5, 0.75]) / [0.75, 0.5, 0.25])
    score = bertscore_recall([], features=WORKED, options={"baseline": str(file), "layer": 1})
    assert score.signature.endswith("baseline=0.5")
    for options, message in (
        ({"baseline": str(file)}, "set layer in the metric_options"),
        ({"baseline": str(file), "layer": 2}, "has no values of layer 2"),
        ({"baseline": str(tmp_path), "layer": 2}, "cannot read the baseline file"),
        ({"baseline": str(tmp_path / "no.tsv"), "layer": 2}, "cannot read the baseline file"),
        ({"baseline": [0.5, 0.5, 1.0]}, "give numbers below 1"),
        ({"baseline": [0.5]}, "baseline"),
        ({"idf": "yes"}, "idf"),
        ({"rescale": True}, "rescale"),
    ):
        with pytest.raises(UserError, match=message):
            metric_names.check_options("bertscore_f1@text-encoder@x", options)


def test_the_files_of_bert_score_are_used_where_it_is_installed() -> None:
    try:
        import bert_score  # noqa: F401
    except ImportError:
        with pytest.raises(Missing, match=r"needs bert-score: pip install 'mmbench\[bertscore\]'"):
            read_options({"baseline": "bert-score:en/roberta-large", "layer": 17}).baseline_of(2)
        return
    settings = read_options({"baseline": "bert-score:en/roberta-large", "layer": 17})
    assert settings.baseline_of(2) == pytest.approx(0.83122575)
    with pytest.raises(UserError, match=r"no baseline en/x\.tsv; it has en/"):
        read_options({"baseline": "bert-score:en/x", "layer": 1}).baseline_of(0)


def test_a_caption_without_references_fails() -> None:
    wants = bertscore_f1.info.wants  # type: ignore[attr-defined]
    for target in (None, []):
        (content,) = wants.contents(Prediction("a", "x", target))["matches"]
        assert isinstance(content, InvalidContent)


@given(st.lists(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=4), min_size=1))
def test_f1_lies_between_precision_and_recall(rows: list[list[float]]) -> None:
    features = [
        {"matches": [TokenMatches(ids(3), [ids(*range(len(row)))], [best(max(row))], [best(*row)])]}
        for row in rows
    ]
    for precision, recall, f1 in values(features):
        if precision > 0 and recall > 0:
            assert min(precision, recall) - 1e-9 <= f1 <= max(precision, recall) + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("idf", [False, True])
@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_the_values_are_those_of_bert_score(name: str, idf: bool, tmp_path: Path) -> None:
    package = pytest.importorskip("bert_score", reason="a peer: bert-score 0.3.13")
    folder = text_encoders.build(name, tmp_path / name)
    features = matched(TextEncoder(folder, device="cpu", dtype="float32", layer=2), PREDICTIONS)
    if name == "roberta":  # bert-score asks for a space before the first word in vain
        text_encoders.byte_tokenizer(space_first=True).save_pretrained(folder)
    baseline = tmp_path / "own.tsv"
    baseline.write_text("LAYER,P,R,F\n0,0,0,0\n1,0,0,0\n2,0.3,0.4,0.5\n")
    for rescale in (False, True):
        theirs = package.score(
            [prediction.value for prediction in PREDICTIONS],
            [prediction.target for prediction in PREDICTIONS],
            model_type=str(folder),
            num_layers=2,
            idf=idf,
            nthreads=0,
            batch_size=1,  # padding sets negative cosines to 0
            lang="en",
            rescale_with_baseline=rescale,
            baseline_path=str(baseline),
        )
        own = {"baseline": str(baseline), "layer": 2} if rescale else {}
        ours = values(features, idf=idf, **own)
        np.testing.assert_allclose(ours, np.stack(theirs, axis=1), atol=2e-6)
