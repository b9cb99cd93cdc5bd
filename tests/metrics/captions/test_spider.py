"""SPIDEr on given SPICE values, and with the jar where its models are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmbench.errors import Missing
from mmbench.metrics.captions import cider, spice
from mmbench.metrics.captions.jar import jar_folder
from mmbench.metrics.captions.spider import spider, spider_rows
from mmbench.stats import fold
from mmbench.types import Prediction
from tests.support.captions import real
from tests.support.predictions import predict

_MODELS = "lib/stanford-corenlp-3.6.0-models.jar"


def test_the_arithmetic() -> None:
    found = spider_rows(np.array([0.0, 1.5, 10.0]), np.array([0.2, 0.5, 1.0]))
    assert found.tolist() == [0.1, 1.0, 5.5]


def test_it_is_the_mean_of_cider_and_given_spice_values(spice_home: Callable[..., Any]) -> None:
    spice_home(scores=[0.5, 0.0, 0.125])
    predictions = predict(
        ("rain falls on a roof", ["rain on a roof", "it rains"]),
        ("a dog", ["a dog barks", "dogs"]),
        ("birds sing", ["birds sing in a tree"]),
    )
    expected = (cider(predictions).rows[:, 0] + [0.5, 0.0, 0.125]) / 2
    found = spider(predictions)
    np.testing.assert_allclose(found.rows[:, 0], expected, rtol=1e-15)
    assert found.value == pytest.approx(expected.mean()) == fold(found.fold, found.rows)
    assert found.details["spice"] == [0.5, 0.0, 0.125]
    assert found.details["cider"] == cider(predictions).rows[:, 0].tolist()
    assert spider.info.best == 5.5  # type: ignore[attr-defined]


def test_the_jar_runs_once_for_both_metrics(spice_home: Callable[..., Any]) -> None:
    request = spice_home()
    predictions = predict(("wind blows", ["wind howls"]), ("a bell", ["a bell rings"]))
    spice(predictions)
    request.unlink()
    spider(predictions)
    assert not request.exists()


def test_a_single_clip_has_cider_0_with_a_reason(spice_home: Callable[..., Any]) -> None:
    spice_home()
    found = spider(predict(("water drips", ["water drips"])))
    assert found.value == 0.125
    assert "CIDEr of a single image is always 0" in found.reason


def test_without_spice_there_is_no_value() -> None:
    if (jar_folder("spice", "spice-1.0.jar") / _MODELS).is_file():
        pytest.skip("the models of CoreNLP are here")
    with pytest.raises(Missing, match="spice needs"):
        spider(predict(("waves", ["waves"]), ("a car", ["a car"])))


@pytest.mark.slow
def test_real_captions_by_the_jar() -> None:
    if not (jar_folder("spice", "spice-1.0.jar") / _MODELS).is_file():
        pytest.skip("SPICE's models of CoreNLP are absent")
    predictions: list[Prediction] = real("aac-1")
    expected = (cider(predictions).value + spice(predictions).value) / 2
    assert spider(predictions).value == pytest.approx(expected, abs=1e-12)
