"""Every packaged task passes its self-test; a task that rewards blind answers does not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from _pytest.mark import ParameterSet

import mmbench
from mmbench.cli import main
from mmbench.engine.options import RunSettings
from mmbench.models.inception.network import InceptionNet
from mmbench.selftest.checks import selftest
from mmbench.spec import load_task, task_files
from mmbench.stats import score

# Many sounds, captions and videos are made anew for every check, or the metrics take seconds.
HEAVY = {
    "cifar10-clusters",
    "cifar10-fewshot",
    "cifar100-probe",
    "clotho-caption",
    "coco-caption",
    "common-voice",
    "covost2-en-zh",
    "imagenet-knn",
    "librispeech-clean",
    "ljspeech-speak",
    "shapes-caption",
    "shapes-clusters",
    "shapes-count",
    "shapes-draw",
    "shapes-fewshot",
    "shapes-mixed",
    "shapes-probe",
    "shapes-sound-tags",
    "shapes-video-retrieval",
    "transcripts",
    "translations",
    "voc2007-probe",
}


def _tasks() -> Iterator[ParameterSet]:
    """Yield all tasks; those with the kind and metrics of an earlier task are slow tests."""
    seen = set[tuple[str, ...]]()
    for name in sorted(task_files()):
        spec = load_task(name)
        alike = (spec.kind, *spec.metrics)
        is_slow = name in HEAVY or alike in seen
        seen.add(alike)
        yield pytest.param(name, marks=[pytest.mark.slow] if is_slow else [])


@pytest.mark.parametrize("task", _tasks())
def test_every_task_passes(task: str) -> None:
    checks = selftest(task)
    assert [check for check in checks if check.passed is False] == []
    assert any("corrupt" in check.what for check in checks)


@mmbench.register("metric", "test_substring")
def substring(predictions):  # type: ignore[no-untyped-def]
    """What scores of hedging are made of: any answer that stands somewhere in the text."""
    hits = [any(answer in p.value for answer in p.target) for p in predictions]
    return score(hits, worst=0, best=1)


def test_a_metric_that_rewards_hedging_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = tmp_path / "loose.yaml"
    task.write_text(
        "kind: writing\ndata: {source: answers}\nfields: {question: question}\n"
        "metrics: [test_substring]\nheadline: test_substring\n"
    )
    assert main(["selftest", str(task)]) == 1
    assert "than constant and random: test_substring" in capsys.readouterr().out


@mmbench.register("metric", "test_position")
def position(predictions):  # type: ignore[no-untyped-def]
    """Depends on the order of the predictions."""
    return score(
        [i / (1 + len(predictions)) * (len(p.value) % 2) for i, p in enumerate(predictions)]
    )


def test_a_metric_that_depends_on_the_order_is_found_out(tmp_path: Path) -> None:
    task = tmp_path / "ordered.yaml"
    task.write_text(
        "kind: writing\ndata: {source: answers}\nfields: {question: question}\n"
        "metrics: [test_position]\nheadline: test_position\n"
    )
    failed = [check.what for check in selftest(str(task)) if check.passed is False]
    assert "scores do not depend on the order of the samples" in failed


@pytest.mark.slow  # the network of Inception for every check
def test_drawings_pass_on_inception_of_random_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights = tmp_path / "weights.pth"
    torch.save(InceptionNet().state_dict(), weights)
    os.utime(weights, (0, 0))  # the hash of a file that was just written is not remembered
    checks = selftest("images", RunSettings(metric_models={"inception": weights}, device="cpu"))
    assert [check for check in checks if not check.passed] == []
    assert any("fid@tf" in check.what for check in checks)
