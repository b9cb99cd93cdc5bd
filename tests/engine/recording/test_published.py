"""The published number beside the measured one: reproduced, or why it cannot be compared."""

from typing import Any

import pytest

from mmbench.engine.recording.published import compare_published
from mmbench.types import Published, ScoreInfo, TaskInfo, TaskSpec
from tests.support.boards import plain_score

SPEC = TaskSpec(
    name="t",
    kind="retrieval",
    data={"source": "coco"},
    fields={"query": "text", "corpus": "image"},
    metrics=["recall@1"],
    headline="recall@1",
    protocol={"query": 25010, "corpus": 5000},
    published=[Published("hub/a", {"recall@1": 0.3044}, "a table", 0.002)],
)
FULL = {"query": 25010, "corpus": 5000}


def used(sizes: dict[str, int], **more: Any) -> TaskInfo:
    return TaskInfo("t", 1, "retrieval", "f", "d", SPEC.protocol, sizes, **more)


def score(value: float | None) -> dict[str, ScoreInfo]:
    return {"recall@1": plain_score(value)}


@pytest.mark.parametrize(
    ("model", "value", "sizes", "failed", "verdict"),
    [
        ("hub/a", 0.3044, FULL, 0, "reproduced"),
        ("hub/a", 0.3063, FULL, 0, "reproduced"),
        ("hub/a", 0.3065, FULL, 0, "not reproduced: off by +0.0021"),
        ("hub/a", 0.9, {"query": 795, "corpus": 159}, 0, "not comparable: 159 of 5000 images"),
        ("hub/a", 0.3, {"query": 795, "corpus": 5000}, 0, "not comparable: 795 of 25010 texts"),
        ("hub/a", 0.3044, FULL, 3, "not comparable: 3 samples failed"),
        ("hub/a", None, FULL, 0, "not comparable: not measured"),
        ("clip-nano", 0.3044, FULL, 0, "not comparable: another model (clip-nano)"),
    ],
)
def test_verdict(
    model: str, value: float | None, sizes: dict[str, int], failed: int, verdict: str
) -> None:
    (found,) = compare_published(SPEC, model, score(value), used(sizes), failed)
    assert found.verdict == verdict
    assert (found.value, found.measured, found.model) == (0.3044, value, "hub/a")


def test_data_that_may_be_others_are_not_compared() -> None:
    task = used(FULL, source={"doubt": "nothing says so"})
    (found,) = compare_published(SPEC, "hub/a", score(0.3044), task, 0)
    assert found.verdict == "not comparable: nothing says so"


def test_answers_of_another_length_are_not_compared() -> None:
    (found,) = compare_published(SPEC, "hub/a", score(0.3044), used(FULL, max_tokens=1), 0)
    assert found.verdict == "not comparable: answers of at most 1 token"


def test_nothing_published_nothing_said() -> None:
    from msgspec.structs import replace

    assert compare_published(replace(SPEC, published=[]), "x", score(1.0), used(FULL), 0) == []
