"""The commands that `python -m benchmarks growth` measures do what it says they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import growth_data
from benchmarks.growth import _measure
from tests.support.command_line import run_record
from tests.support.paths import ROOT


@pytest.mark.parametrize(
    ("make", "scores"),
    [
        (growth_data.texts, {"recall@1", "recall@10", "mrr"}),
        (growth_data.answers, {"exact_match"}),
        (growth_data.captions, {"bleu@1", "bleu@2", "bleu@3", "bleu@4", "rouge_l", "cider"}),
        (growth_data.labels, {"accuracy@1"}),
        (growth_data.corpus, {"recall@1"}),
    ],
)
@pytest.mark.usefixtures("own_plugins")
def test_every_command_scores_its_samples(
    make: Callable[[Path, int], list[str]],
    scores: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    record = run_record(capsys, *make(tmp_path, 10))
    assert set(record["scores"]) >= scores
    assert sum(record["task"]["data"].values()) >= 10
    assert not record["counts"]["failed"]


@pytest.mark.slow
def test_the_cost_of_a_command_is_seconds_and_bytes(tmp_path: Path) -> None:
    cost = _measure(growth_data.labels(tmp_path, 10), tmp_path)
    assert cost.seconds > 0
    assert cost.memory > 1 << 20


def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="unknown task"):
        _measure(["run", "-m", "oracle", "-t", "no-such-task"], tmp_path)
